"""Files and folders on their way into a dataset: the page, and its plain form without script."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import folder as folder_of
from app.api.uploads import MAX_BATCH_BYTES
from app.caller import actor, platform
from app.pages.changes import chunks_of, tell
from app.pages.formats import counted
from app.pages.forms import Form, fresh_form, sent_form
from app.pages.origins import allow_site
from core.errors import Invalid, LabsetError, Unauthenticated
from core.model.names import DatasetId, FilePath, Ref
from core.model.uploads import MAX_FILES
from core.usecases.changing.change_files import Arriving, PutResult, open_target, put_files
from core.usecases.datasets.managing import DatasetDetails, show_dataset
from core.usecases.reading.browse import list_refs

blueprint = Blueprint("uploads", __name__, url_prefix="/datasets/<int:dataset_id>/upload")


@blueprint.get("")
def show(dataset_id: int) -> ResponseReturnValue:
    """Show where to drop files, for whoever may write."""
    if actor().is_anonymous:
        raise Unauthenticated("Sign in to upload files.")
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    form = fresh_form(
        path=request.args.get("path", "").strip("/"),
        branch=request.args.get("branch") or details.dataset.default_branch,
        message="",
    )
    return _page(details, form)


@blueprint.post("")
def send(dataset_id: int) -> ResponseReturnValue:
    """Take the files of a plain form and commit them together."""
    form = sent_form()
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    try:
        result = _put(details, form)
    except LabsetError as error:
        form.refuse(error)
        return _page(details, form)
    tell(f"{counted(len(result.files), 'file')} uploaded.", result.committed)
    address = url_for(
        "files.tree",
        dataset_id=dataset_id,
        path=form.value("path").strip("/"),
        ref=form.value("branch") or details.dataset.default_branch,
    )
    return redirect(address, HTTPStatus.SEE_OTHER)


def _put(details: DatasetDetails, form: Form) -> PutResult:
    below = folder_of(form.value("path"))
    branch = Ref(form.value("branch")) if form.value("branch") else None
    sent = [one for one in request.files.getlist("files") if one.filename]
    if not sent:
        raise Invalid("Choose at least one file.", details={"field": "files"})
    target = open_target(platform(), actor(), details.dataset.id, branch)
    arriving = [
        Arriving(
            FilePath(f"{below}/{one.filename}" if below else str(one.filename)), chunks_of(one)
        )
        for one in sent
    ]
    message = form.value("message") or f"Upload {counted(len(sent), 'file')}"
    return put_files(platform(), actor(), target, message, arriving)


def _page(details: DatasetDetails, form: Form) -> ResponseReturnValue:
    allow_site(details.placement)
    readable = details.dataset.readable
    refs = list_refs(platform(), actor(), details.dataset.id)[1] if readable else None
    page = render_template(
        "uploads/show.html",
        details=details,
        tab="files",
        form=form,
        branches=[branch.name for branch in refs.branches] if refs else [],
        max_files=MAX_FILES,
        max_batch_bytes=MAX_BATCH_BYTES,
    )
    return page, form.status
