"""What a dataset was and is called: its versions and its releases."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import page_arguments, path_argument, ref_argument
from app.caller import actor, platform
from app.pages.commands import place_of
from app.pages.files import closed_page
from app.pages.forms import Form, fresh_form, sent_form
from core.errors import Conflict, Forbidden, Invalid, LabsetError, NotFound
from core.model.history import Tag
from core.model.names import DatasetId, Ref
from core.usecases.datasets.managing import show_dataset
from core.usecases.datasets.tags import create_tag
from core.usecases.reading.browse import list_commits, list_refs, resolve_ref

blueprint = Blueprint("history", __name__, url_prefix="/datasets/<int:dataset_id>")

PER_PAGE = 30


@blueprint.get("/versions")
def versions(dataset_id: int) -> ResponseReturnValue:
    """List the commits of a ref, of one path if asked, newest first."""
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    if not details.dataset.readable:
        return closed_page(details)
    ref, path = ref_argument(), path_argument()
    number, _ = page_arguments()
    page = list_commits(
        platform(), actor(), details.dataset.id, ref, path, page=number, per_page=PER_PAGE
    )
    refs = list_refs(platform(), actor(), details.dataset.id)[1]
    place = None
    if details.head is not None or ref is not None:
        revision = resolve_ref(platform(), actor(), details.dataset.id, ref)[1]
        place = place_of(details.dataset, refs, ref, revision)
    names: dict[str, list[str]] = {}
    for tag in refs.tags:
        names.setdefault(tag.revision.sha, []).append(tag.name)
    return render_template(
        "history/versions.html",
        details=details,
        tab="versions",
        page=page,
        path=path,
        refs=refs,
        place=place,
        names=names,
    )


@blueprint.get("/releases")
def releases(dataset_id: int) -> ResponseReturnValue:
    """List the tags, and offer to make one."""
    ref = ref_argument()
    return _releases_page(dataset_id, fresh_form(name="", ref=ref.name if ref else "", message=""))


@blueprint.post("/releases")
def release(dataset_id: int) -> ResponseReturnValue:
    """Name a revision for ever."""
    form = sent_form()
    name = _ref(form, "name", "Give the release a name, like v0.1.0.")
    ref = _ref(form, "ref", "") if form.value("ref") else None
    if name is not None and not form.is_refused:
        try:
            made = create_tag(
                platform(), actor(), DatasetId(dataset_id), name, ref, form.value("message")
            )
        except (Conflict, Invalid, Forbidden, NotFound) as error:
            form.refuse(_beside(error))
        else:
            flash(f"{made.name} names {made.revision.sha[:8]} from now on.", "success")
            address = url_for("history.releases", dataset_id=dataset_id)
            return redirect(address, HTTPStatus.SEE_OTHER)
    return _releases_page(dataset_id, form)


def _ref(form: Form, field: str, if_empty: str) -> Ref | None:
    if not form.value(field):
        form.problems[field] = if_empty
        return None
    try:
        return Ref(form.value(field))
    except Invalid as error:
        form.problems[field] = error.message
        return None


def _beside(error: LabsetError) -> LabsetError:
    """Say of a known error which field it is about."""
    field = {"tag_exists": "name", "ref_not_found": "ref"}.get(error.code)
    if field:
        error.details["field"] = field
    return error


def _newest_first(tag: Tag) -> tuple[datetime, str]:
    return tag.released_at or datetime.min.replace(tzinfo=UTC), tag.name


def _releases_page(dataset_id: int, form: Form) -> ResponseReturnValue:
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    if not details.dataset.readable:
        return closed_page(details)
    tags = list_refs(platform(), actor(), details.dataset.id)[1].tags
    page = render_template(
        "history/releases.html",
        details=details,
        tab="releases",
        releases=sorted(tags, key=_newest_first, reverse=True),
        form=form,
    )
    return page, form.status
