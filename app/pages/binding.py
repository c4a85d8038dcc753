"""The choice that is made once: where the bytes of a dataset lie."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import choice, tags_argument, whole_number
from app.caller import actor, platform
from app.pages.forms import Form, fresh_form, sent_form
from core.errors import Conflict, LabsetError
from core.model.names import DatasetId, SiteId
from core.model.storage import SiteKind
from core.usecases.datasets.bind import bind_dataset
from core.usecases.datasets.managing import DatasetDetails, show_dataset
from core.usecases.sites.managing import list_sites

blueprint = Blueprint("binding", __name__, url_prefix="/datasets/<int:dataset_id>")


@blueprint.post("/storage-site")
def bind(dataset_id: int) -> ResponseReturnValue:
    """Bind the dataset to the chosen site, once and for ever."""
    form = sent_form()
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    if not form.value("site"):
        form.problems["site"] = "Choose a storage site."
    if not form.value("agreed"):
        form.problems["agreed"] = "Say that you know that this is for ever."
    if form.is_refused:
        return choice_page(details, form)
    try:
        site_id = SiteId(whole_number(form.value("site"), "site"))
        bind_dataset(platform(), actor(), details.dataset.id, site_id)
    except LabsetError as error:
        form.refuse(error)
        if isinstance(error, Conflict) and error.code == "already_bound":
            raise
        return choice_page(details, form)
    flash(f"The bytes of {details.dataset.name} will lie there from now on.", "success")
    return redirect(url_for("files.root", dataset_id=dataset_id), HTTPStatus.SEE_OTHER)


def choice_page(details: DatasetDetails, form: Form | None = None) -> ResponseReturnValue:
    """Show the storage sites that the caller may see, with search, and the warning."""
    form = form or fresh_form(site="", agreed="")
    search = request.args.get("search", "").strip()
    kind = choice("kind", SiteKind)
    sites = list_sites(platform(), actor(), search=search, kind=kind, tags=tags_argument())
    page = render_template(
        "binding/choose.html",
        details=details,
        tab="files",
        sites=sites,
        search=search,
        kind=kind,
        kinds=list(SiteKind),
        form=form,
    )
    return page, form.status
