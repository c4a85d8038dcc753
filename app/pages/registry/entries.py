"""The registry: asset databases of others, how they are, the form for a new one."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import tags_argument
from app.caller import actor, asset_house
from app.pages.assets.filters import Asked, Made, joined, make_filter
from app.pages.assets.forms import AssetForm, fresh_asset_form, sent_asset_form, tags_text
from app.pages.assets.metadata_fields import standing_metadata
from app.pages.assets.permissions import adding_permission, told_permissions
from app.pages.assets.searched_fields import REGISTRY
from app.pages.assets.searches import answer_search, read_asked
from app.pages.registry.sparkline import drawing_of
from core.errors import LabsetError, Unauthenticated
from core.model.asset_documents import REGISTRY_SHAPE
from core.model.filters.queries import parse_query
from core.model.json_values import JsonValue
from core.model.registry import RegistryEntry
from core.ports import Found
from core.usecases.registry.drafts import (
    RegistryDraft,
    read_registry_changes,
    read_registry_draft,
)
from core.usecases.registry.entries import (
    change_entry,
    delete_entry,
    entry_permissions,
    find_entry,
    query_entries,
    register_database,
)
from core.usecases.registry.health import check_health, list_health

blueprint = Blueprint("registry", __name__, url_prefix="/registry")

PER_PAGE = 50
HISTORY_SHOWN = 60
TABLE_SHOWN = 10
NAMED_OTHERS = 3
_FIELDS = ("asset_registry_name", "asset_registry_public_url", "asset_registry_metadata")
_TAGS = "asset_registry_tags"
_NOTHING: Found[RegistryEntry] = Found((), None)
_HEALTH = {"ok": True, "unhealthy": False}
_ADD = "register an asset database"


@blueprint.get("")
def listing() -> ResponseReturnValue:
    """List the registered databases that fit what was asked."""
    asked, _ = read_asked()
    asked = Asked(search=asked.search, tags=tags_argument())
    health = request.args.get("health", "")
    made = make_filter(asked, REGISTRY)
    if health in _HEALTH:
        made.filter = joined([made.filter, {"health.ok": _HEALTH[health]}])
    cursor = request.args.get("cursor", "")
    page = render_template(
        "registry/list.html",
        asked=asked,
        health_wanted=health,
        made=made,
        found=_find(asked, made, cursor),
        cursor=cursor,
        adding=adding_permission(_ADD),
    )
    return answer_search(page, made, url_for("registry.listing", **asked.arguments(health=health)))  # type: ignore[arg-type] # an address's arguments


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """Show the form that registers a database."""
    if not adding_permission(_ADD).allowed:
        raise Unauthenticated(f"Sign in to {_ADD}.")
    return _form_page(fresh_asset_form(name="", url="", tags=""))


@blueprint.post("/new")
def register() -> ResponseReturnValue:
    """Look at a database and register it, whatever was seen."""
    form = sent_asset_form()
    body = _body(form) | form.body(_TAGS)
    if not form.is_refused:
        try:
            entry = register_database(asset_house(), actor(), read_registry_draft(body))
        except LabsetError as error:
            form.refuse(error)
        else:
            _tell(entry, "is registered")
            return _to(entry.id)
    return _form_page(form)


@blueprint.get("/<entry_id>")
def show(entry_id: str) -> ResponseReturnValue:
    """Show one database: where it is, how it is and was."""
    return _entry_page(find_entry(asset_house(), entry_id), fresh_asset_form(typed=""))


@blueprint.post("/<entry_id>/check")
def check(entry_id: str) -> ResponseReturnValue:
    """Look at it now."""
    house = asset_house()
    seen = check_health(house, entry_id)
    if seen.ok:
        flash("It answers.", "success")
    else:
        flash(f"It does not answer well: {seen.problem}", "danger")
    return _to(entry_id)


@blueprint.get("/<entry_id>/edit")
def edit(entry_id: str) -> ResponseReturnValue:
    """Show the form that changes an entry."""
    entry = find_entry(asset_house(), entry_id)
    form = fresh_asset_form(
        standing_metadata(entry.metadata),
        name=entry.name,
        url=entry.public_url,
        tags=tags_text(entry.tags),
        seen=entry.updated_at.isoformat(),
    )
    return _form_page(form, entry)


@blueprint.post("/<entry_id>/edit")
def change(entry_id: str) -> ResponseReturnValue:
    """Change an entry, if it still is as it was shown; a new address is looked at."""
    house, form = asset_house(), sent_asset_form()
    entry = find_entry(house, entry_id)
    body = _body(form) | form.changed_tags(_TAGS, entry.tags)
    if not form.is_refused:
        try:
            changed = change_entry(house, actor(), entry.id, lambda now: _changes(now, form, body))
        except LabsetError as error:
            form.refuse(error)
        else:
            _tell(changed, "is changed")
            return _to(entry.id)
    return _form_page(form, entry)


@blueprint.post("/<entry_id>/delete")
def delete(entry_id: str) -> ResponseReturnValue:
    """Forget an entry and its history, if its name was typed."""
    house, form = asset_house(), sent_asset_form()
    entry = find_entry(house, entry_id)
    if form.value("typed") != entry.name:
        form.problems["typed"] = f"Type {entry.name} to delete it."
        return _entry_page(entry, form)
    try:
        delete_entry(house, actor(), entry.id)
    except LabsetError as error:
        form.refuse(error)
        return _entry_page(entry, form)
    flash(f"{entry.name} is no longer registered; the database itself was left alone.", "success")
    return redirect(url_for("registry.listing"), HTTPStatus.SEE_OTHER)


def _find(asked: Asked, made: Made, cursor: str) -> Found[RegistryEntry]:
    query = made.query(
        replace(asked, sort="asset_registry_name"), REGISTRY, limit=PER_PAGE, cursor=cursor
    )
    if query is None:
        return _NOTHING
    try:
        return query_entries(asset_house(), query)
    except LabsetError as error:
        made.refuse("search", error)
        return _NOTHING


def _entry_page(entry: RegistryEntry, deletion: AssetForm) -> ResponseReturnValue:
    house = asset_house()
    history = list_health(house, entry.id, HISTORY_SHOWN)
    page = render_template(
        "registry/show.html",
        entry=entry,
        deletion=deletion,
        same_address=_same_address(entry),
        history=history,
        drawing=drawing_of(history),
        shown=TABLE_SHOWN,
        permissions=told_permissions(entry_permissions(house, actor(), entry)),
    )
    return page, deletion.status


def _same_address(entry: RegistryEntry) -> list[RegistryEntry]:
    """Return others that are registered at the same address, the oldest first."""
    address = entry.public_url.rstrip("/")
    query = parse_query(
        {"asset_registry_public_url": {"$in": [address, f"{address}/"]}},
        sort="created_at",
        limit=NAMED_OTHERS + 1,
        fields_of=REGISTRY_SHAPE,
    )
    found = query_entries(asset_house(), query).items
    return [one for one in found if one.id != entry.id][:NAMED_OTHERS]


def _body(form: AssetForm) -> dict[str, JsonValue]:
    form.require("name", "Give it a name.")
    form.require("url", "Say where it is, like https://assets.example.org.")
    return form.body(*_FIELDS)


def _changes(now: RegistryEntry, form: AssetForm, body: dict[str, JsonValue]) -> RegistryDraft:
    form.check_seen(now.updated_at)
    return read_registry_changes(body, now)


def _tell(entry: RegistryEntry, done: str) -> None:
    if entry.health is not None and not entry.health.ok:
        flash(
            f"{entry.name} {done}, but it does not answer well: {entry.health.problem}", "warning"
        )
    else:
        flash(f"{entry.name} {done}.", "success")


def _to(entry_id: str) -> ResponseReturnValue:
    return redirect(url_for("registry.show", entry_id=entry_id), HTTPStatus.SEE_OTHER)


def _form_page(form: AssetForm, entry: RegistryEntry | None = None) -> ResponseReturnValue:
    allowed = None
    if entry is not None:
        allowed = told_permissions(entry_permissions(asset_house(), actor(), entry))["write"]
    page = render_template("registry/form.html", form=form, entry=entry, permission=allowed)
    return page, form.status
