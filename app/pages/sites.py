"""Storage sites: the list, one site, the form for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import choice, tags_argument
from app.caller import actor, platform
from app.pages.forms import Form, fresh_form, sent_form
from app.pages.session import own_path
from core.errors import LabsetError
from core.model.access import Secret, Visibility
from core.model.dataset import Namespace, check_description, check_name, check_tags
from core.model.names import SiteId
from core.model.storage import NewSite, SiteAddress, SiteChanges, SiteKeys, SiteKind
from core.usecases.datasets.managing import list_namespaces
from core.usecases.sites.managing import (
    SiteView,
    change_site,
    check_site,
    delete_site,
    list_sites,
    may_register_local,
    register_site,
    show_site,
)

blueprint = Blueprint("sites", __name__, url_prefix="/storage-sites")


@blueprint.get("")
def listing() -> ResponseReturnValue:
    """List the sites that the caller may see."""
    search, kind = request.args.get("search", "").strip(), choice("kind", SiteKind)
    return render_template(
        "sites/list.html",
        sites=list_sites(platform(), actor(), search=search, kind=kind, tags=tags_argument()),
        search=search,
        kind=kind,
        tags=tags_argument(),
        kinds=list(SiteKind),
    )


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """Show the form that registers a site."""
    namespaces = list_namespaces(platform(), actor())
    form = fresh_form(
        name="",
        namespace=namespaces[0].full_path if namespaces else "",
        description="",
        visibility=Visibility.PRIVATE.value,
        tags="",
        kind=SiteKind.S3.value,
        url="",
        endpoint="",
        public_endpoint="",
        region="",
        access_key="",
    )
    return _form_page(form, namespaces)


@blueprint.post("/new")
def register() -> ResponseReturnValue:
    """Check the site for real, then register it; or say what does not work."""
    form = sent_form()
    wanted = _wanted(form)
    if wanted is not None:
        try:
            view = register_site(platform(), actor(), wanted)
        except LabsetError as error:
            form.refuse(error)
        else:
            flash(f"{view.project.name} was checked and is registered.", "success")
            address = url_for("sites.show", site_id=view.project.id.number)
            return redirect(address, HTTPStatus.SEE_OTHER)
    return _form_page(form, list_namespaces(platform(), actor()))


@blueprint.get("/<int:site_id>")
def show(site_id: int) -> ResponseReturnValue:
    """Show one site: health, use, drift."""
    return _site_page(show_site(platform(), actor(), SiteId(site_id)), fresh_form(typed=""))


@blueprint.post("/<int:site_id>/check")
def check(site_id: int) -> ResponseReturnValue:
    """Try the site for real, and return to where it was asked for."""
    health = check_site(platform(), actor(), SiteId(site_id))
    if health.ok:
        flash("The storage site works.", "success")
    else:
        failed = next(step for step in health.steps if not step.ok)
        flash(f"The storage site does not work: {failed.name}: {failed.problem}", "danger")
    goal = own_path(request.form.get("next", ""))
    if goal == "/":
        goal = url_for("sites.show", site_id=site_id)
    return redirect(goal, HTTPStatus.SEE_OTHER)


@blueprint.get("/<int:site_id>/edit")
def edit(site_id: int) -> ResponseReturnValue:
    """Show the form that changes a site."""
    view = show_site(platform(), actor(), SiteId(site_id))
    return _edit_page(view, _standing(view))


@blueprint.post("/<int:site_id>/edit")
def change(site_id: int) -> ResponseReturnValue:
    """Change a site; its address only while no dataset is bound."""
    form = sent_form()
    view = show_site(platform(), actor(), SiteId(site_id))
    changes = _changes(form, view)
    if changes is not None:
        try:
            change_site(platform(), actor(), view.project.id, changes)
        except LabsetError as error:
            form.refuse(error)
        else:
            flash("The storage site is changed.", "success")
            return redirect(url_for("sites.show", site_id=site_id), HTTPStatus.SEE_OTHER)
    return _edit_page(view, form)


@blueprint.post("/<int:site_id>/delete")
def delete(site_id: int) -> ResponseReturnValue:
    """Forget a site that no dataset uses, if its name was typed."""
    form = sent_form()
    view = show_site(platform(), actor(), SiteId(site_id))
    if form.value("typed") != view.project.name:
        form.problems["typed"] = f"Type {view.project.name} to delete it."
        return _site_page(view, form)
    try:
        delete_site(platform(), actor(), view.project.id)
    except LabsetError as error:
        form.refuse(error)
        return _site_page(view, form)
    flash(f"{view.project.name} is no longer registered; its bytes were left alone.", "success")
    return redirect(url_for("sites.listing"), HTTPStatus.SEE_OTHER)


def _wanted(form: Form) -> NewSite | None:
    name = form.check(check_name, form.value("name"))
    description = form.check(check_description, form.value("description"))
    tags = form.check(check_tags, form.tags())
    visibility = form.one_of("visibility", Visibility, Visibility.PRIVATE)
    address, keys = _address(form), _keys(form)
    if not form.value("namespace"):
        form.problems["namespace"] = "Choose where the storage site belongs."
    if address.kind is SiteKind.S3 and keys is None:
        form.problems.setdefault("access_key", "An S3 site needs both keys.")
    if form.is_refused:
        return None
    return NewSite(name, form.value("namespace"), description, visibility, tags, address, keys)


def _address(form: Form) -> SiteAddress:
    if not form.value("url"):
        form.problems["url"] = "Say where the bytes will lie, like s3://bucket/prefix."
    return SiteAddress(
        kind=form.one_of("kind", SiteKind, SiteKind.S3),
        url=form.value("url"),
        endpoint=form.maybe("endpoint"),
        public_endpoint=form.maybe("public_endpoint"),
        region=form.maybe("region"),
    )


def _keys(form: Form) -> SiteKeys | None:
    access_key, secret_key = form.value("access_key"), form.values.get("secret_key", "")
    if bool(access_key) is not bool(secret_key):
        form.problems["access_key"] = "The keys are two: give both."
    if not (access_key and secret_key):
        return None
    return SiteKeys(Secret(access_key), Secret(secret_key))


def _standing(view: SiteView) -> Form:
    project, address = view.project, view.record.address
    return fresh_form(
        name=project.name,
        description=project.description,
        visibility=project.visibility.value,
        tags=", ".join(project.tags),
        kind=address.kind.value,
        url=address.url,
        endpoint=address.endpoint or "",
        public_endpoint=address.public_endpoint or "",
        region=address.region or "",
        access_key="",
    )


def _changes(form: Form, view: SiteView) -> SiteChanges | None:
    """Return what differs from what is; the keys only where new ones were typed."""
    project, standing = view.project, view.record.address
    name = form.check(check_name, form.value("name"))
    description = form.check(check_description, form.value("description"))
    tags = form.check(check_tags, form.tags())
    visibility = form.one_of("visibility", Visibility, project.visibility)
    address = _address(form) if form.value("url") else standing
    keys = _keys(form)
    if form.is_refused:
        return None
    return SiteChanges(
        name=name if name != project.name else None,
        description=description if description != project.description else None,
        visibility=visibility if visibility is not project.visibility else None,
        tags=tags if tags != project.tags else None,
        address=address if address != standing else None,
        keys=keys,
    )


def _form_page(form: Form, namespaces: Sequence[Namespace]) -> ResponseReturnValue:
    chosen = next((one for one in namespaces if one.full_path == form.value("namespace")), None)
    page = render_template(
        "sites/new.html",
        form=form,
        namespaces=namespaces,
        chosen=chosen or (namespaces[0] if namespaces else None),
        visibilities=list(Visibility),
        may_local=may_register_local(platform(), actor()),
        steps=form.error.details.get("steps", ()) if form.error else (),
    )
    return page, form.status


def _edit_page(view: SiteView, form: Form) -> ResponseReturnValue:
    page = render_template(
        "sites/edit.html",
        view=view,
        form=form,
        visibilities=list(Visibility),
        steps=form.error.details.get("steps", ()) if form.error else (),
    )
    return page, form.status


def _site_page(view: SiteView, deletion: Form) -> ResponseReturnValue:
    return render_template("sites/show.html", view=view, deletion=deletion), deletion.status
