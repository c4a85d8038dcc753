"""The list of datasets, and the form for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import site_argument
from app.api.datasets import dataset_query
from app.caller import actor, platform
from app.pages.formats import register_formats
from app.pages.forms import Form, fresh_form, sent_form
from core.errors import LabsetError
from core.model.access import Visibility
from core.model.dataset import (
    Kind,
    Namespace,
    NewDataset,
    check_description,
    check_name,
    check_tags,
)
from core.usecases.datasets.managing import create_dataset, list_datasets, list_namespaces

blueprint = Blueprint("datasets", __name__)
blueprint.record_once(register_formats)

PER_PAGE = 30


@blueprint.get("/")
@blueprint.get("/datasets")
def listing() -> ResponseReturnValue:
    """List the datasets that the caller may see."""
    query = replace(dataset_query(), per_page=PER_PAGE)
    site = site_argument()
    page = list_datasets(platform(), actor(), query, site)
    return render_template(
        "datasets/list.html",
        page=page,
        query=query,
        site=site,
        kinds=list(Kind),
        visibilities=list(Visibility),
        asked=request.args.to_dict(),
    )


@blueprint.get("/datasets/new")
def new() -> ResponseReturnValue:
    """Show the form for a new dataset."""
    namespaces = list_namespaces(platform(), actor())
    chosen = request.args.get("namespace") or (namespaces[0].full_path if namespaces else "")
    form = fresh_form(
        name="",
        namespace=chosen,
        description="",
        visibility=Visibility.PRIVATE.value,
        tags="",
        kind=request.args.get("kind", Kind.ALBUM.value),
    )
    return _form_page(form, namespaces)


@blueprint.post("/datasets/new")
def create() -> ResponseReturnValue:
    """Create the dataset and lead to its page, or say beside the fields what is wrong."""
    form = sent_form()
    wanted = _wanted(form)
    if wanted is not None:
        try:
            created = create_dataset(platform(), actor(), wanted)
        except LabsetError as error:
            form.refuse(error)
        else:
            flash(f"{created.dataset.path_with_namespace} is there.", "success")
            address = url_for("files.root", dataset_id=created.dataset.id.number)
            return redirect(address, HTTPStatus.SEE_OTHER)
    return _form_page(form, list_namespaces(platform(), actor()))


def _wanted(form: Form) -> NewDataset | None:
    """Return what the form asks for, or None with all its problems noted at once."""
    name = form.check(check_name, form.value("name"))
    description = form.check(check_description, form.value("description"))
    tags = form.check(check_tags, form.tags())
    visibility = form.one_of("visibility", Visibility, Visibility.PRIVATE)
    kind = form.one_of("kind", Kind, Kind.ALBUM)
    if not form.value("namespace"):
        form.problems["namespace"] = "Choose where the dataset belongs."
    if form.is_refused:
        return None
    return NewDataset(name, form.value("namespace"), description, visibility, tags, kind)


def _form_page(form: Form, namespaces: Sequence[Namespace]) -> ResponseReturnValue:
    chosen = next((one for one in namespaces if one.full_path == form.value("namespace")), None)
    page = render_template(
        "datasets/new.html",
        form=form,
        namespaces=namespaces,
        chosen=chosen or (namespaces[0] if namespaces else None),
        kinds=list(Kind),
        visibilities=list(Visibility),
    )
    return page, form.status
