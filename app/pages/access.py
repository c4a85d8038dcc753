"""Who may do what with a dataset, and its settings."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.caller import actor, platform
from app.pages.forms import Form, fresh_form, sent_form
from core.errors import LabsetError
from core.model.access import Visibility
from core.model.dataset import (
    DatasetChanges,
    Kind,
    check_description,
    check_name,
    check_tags,
)
from core.model.names import DatasetId
from core.usecases.datasets.managing import (
    DatasetDetails,
    change_dataset,
    delete_dataset,
    show_dataset,
)

blueprint = Blueprint("access", __name__, url_prefix="/datasets/<int:dataset_id>")


@blueprint.get("/access")
def show(dataset_id: int) -> ResponseReturnValue:
    """Show what the caller may do, and the settings."""
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    return _page(details, _standing(details), fresh_form(typed=""))


@blueprint.post("/access")
def change(dataset_id: int) -> ResponseReturnValue:
    """Change name, description, visibility, tags or kind."""
    form = sent_form()
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    changes = _changes(form, details)
    if changes is not None:
        try:
            change_dataset(platform(), actor(), details.dataset.id, changes)
        except LabsetError as error:
            form.refuse(error)
        else:
            flash("The settings are saved.", "success")
            address = url_for("access.show", dataset_id=dataset_id)
            return redirect(address, HTTPStatus.SEE_OTHER)
    return _page(details, form, fresh_form(typed=""))


@blueprint.post("/delete")
def delete(dataset_id: int) -> ResponseReturnValue:
    """Delete the dataset, if its name was typed."""
    form = sent_form()
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    path = details.dataset.path_with_namespace
    if form.value("typed") != path:
        form.problems["typed"] = f"Type {path} to delete it."
        return _page(details, _standing(details), form)
    try:
        delete_dataset(platform(), actor(), details.dataset.id)
    except LabsetError as error:
        form.refuse(error)
        return _page(details, _standing(details), form)
    flash(f"{path} was deleted.", "success")
    return redirect(url_for("datasets.listing"), HTTPStatus.SEE_OTHER)


def _standing(details: DatasetDetails) -> Form:
    dataset = details.dataset
    return fresh_form(
        name=dataset.name,
        description=dataset.description,
        visibility=dataset.visibility.value,
        tags=", ".join(dataset.tags),
        kind=dataset.kind.value,
    )


def _changes(form: Form, details: DatasetDetails) -> DatasetChanges | None:
    """Return what differs from what is, or None with all problems noted."""
    dataset = details.dataset
    name = form.check(check_name, form.value("name"))
    description = form.check(check_description, form.value("description"))
    tags = form.check(check_tags, form.tags())
    visibility = form.one_of("visibility", Visibility, dataset.visibility)
    kind = form.one_of("kind", Kind, dataset.kind)
    if form.is_refused:
        return None
    return DatasetChanges(
        name=name if name != dataset.name else None,
        description=description if description != dataset.description else None,
        visibility=visibility if visibility is not dataset.visibility else None,
        tags=tags if tags != dataset.tags else None,
        kind=kind if kind is not dataset.kind else None,
    )


def _page(details: DatasetDetails, form: Form, deletion: Form) -> ResponseReturnValue:
    page = render_template(
        "access/show.html",
        details=details,
        tab="access",
        form=form,
        deletion=deletion,
        kinds=list(Kind),
        visibilities=list(Visibility),
    )
    return page, deletion.status if deletion.is_refused else form.status
