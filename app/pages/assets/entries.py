"""One asset: what is known of it, its versions, two of them side by side, its changes and its end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.caller import actor, asset_house, platform
from app.pages.assets.differences import compare_lists, compare_objects
from app.pages.assets.forms import AssetForm, fresh_asset_form, sent_asset_form, tags_text
from app.pages.assets.lines import document_url, download_line, file_name
from app.pages.assets.metadata_fields import standing_metadata
from app.pages.assets.permissions import adding_permission, told_permissions
from app.pages.assets.pinned import dataset_names
from app.pages.formats import exact_size, exact_time, size
from core.errors import Invalid, LabsetError, NotFound, Unavailable
from core.model.asset_documents import asset_document, file_document
from core.model.assets import Asset, AssetVisibility
from core.model.json_values import JsonValue
from core.model.storage import SiteProject
from core.usecases.access.opening import open_site
from core.usecases.assets.drafts import AssetChanges, read_changes
from core.usecases.assets.entries import change_asset, delete_asset
from core.usecases.assets.finding import find_asset, list_versions, permissions_of

blueprint = Blueprint("asset_entries", __name__, url_prefix="/assets")

MAX_PREVIEW_BYTES = 20_000_000
_PICTURES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"}
)
_SUFFIXES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "bmp", "avif"})


@blueprint.get("/<asset_id>")
def show(asset_id: str) -> ResponseReturnValue:
    """Show one asset."""
    entry = find_asset(asset_house(), actor(), asset_id)
    if entry.id != asset_id:
        return redirect(url_for("asset_entries.show", asset_id=entry.id))
    return _entry_page(entry, fresh_asset_form(typed=""))


@blueprint.get("/compare")
def compare() -> ResponseReturnValue:
    """Show two assets side by side; `?all=1` also what they share."""
    house = asset_house()
    left, right = (_named(side) for side in ("left", "right"))
    entries = [find_asset(house, actor(), one) for one in (left, right)]
    return render_template(
        "assets/compare.html",
        left=entries[0],
        right=entries[1],
        previews=[preview_url(one) for one in entries],
        facts=compare_objects(*map(_facts, entries), of_texts=True),
        tags=compare_lists(entries[0].tags, entries[1].tags),
        metadata=compare_objects(entries[0].metadata, entries[1].metadata),
        shows_all="all" in request.args,
    )


@blueprint.get("/<asset_id>/edit")
def edit(asset_id: str) -> ResponseReturnValue:
    """Show the form that changes what is told of an asset."""
    entry = find_asset(asset_house(), actor(), asset_id)
    form = fresh_asset_form(
        standing_metadata(entry.metadata),
        tags=tags_text(entry.tags),
        visibility=entry.visibility.value,
        url=entry.public_url,
        seen=entry.updated_at.isoformat(),
    )
    return _edit_page(entry, form)


@blueprint.post("/<asset_id>/edit")
def change(asset_id: str) -> ResponseReturnValue:
    """Change what is told of an asset, if it still is as it was shown."""
    house, form = asset_house(), sent_asset_form()
    entry = find_asset(house, actor(), asset_id)
    body = form.body("asset_metadata", "visibility")
    body |= form.changed_tags("asset_tags", entry.tags)
    if is_external(entry):
        body |= form.body("asset_public_url")
    if not form.is_refused:
        try:
            change_asset(house, actor(), entry.id, lambda now: _changes(now, form, body))
        except LabsetError as error:
            form.refuse(error)
        else:
            flash(f"{entry.name.uri or entry.name.name} is changed.", "success")
            return _to(entry)
    return _edit_page(entry, form)


@blueprint.post("/<asset_id>/delete")
def delete(asset_id: str) -> ResponseReturnValue:
    """Delete an asset, if its name was typed."""
    house, form = asset_house(), sent_asset_form()
    entry = find_asset(house, actor(), asset_id)
    called = entry.name.uri or entry.name.name
    if form.value("typed") != called:
        form.problems["typed"] = f"Type {called} to delete it."
        return _entry_page(entry, form)
    try:
        delete_asset(house, actor(), entry.id)
    except LabsetError as error:
        form.refuse(error)
        return _entry_page(entry, form)
    flash(f"{called} was deleted.", "success")
    return redirect(url_for("assets.listing"), HTTPStatus.SEE_OTHER)


def is_external(entry: Asset) -> bool:
    """Whether its bytes lie elsewhere, or nowhere."""
    return entry.file is None and entry.pinned is None


def preview_url(entry: Asset) -> str | None:
    """Return where its picture can be seen, if it is a safe one that lies here."""
    if entry.file is not None:
        is_picture = entry.file.format in _PICTURES and entry.file.size_bytes <= MAX_PREVIEW_BYTES
    else:
        is_picture = entry.pinned is not None and entry.pinned.path.suffix in _SUFFIXES
    is_here = entry.public_url.startswith(f"{asset_house().rules.base_url}/")
    if not (is_picture and is_here):
        return None
    return url_for("api_asset_objects.download", asset_id=entry.id, inline=1)


def visibilities(*, is_owned: bool, has_dataset: bool = False) -> Sequence[AssetVisibility]:
    """Return the choices: private only where there is somebody who could see it then."""
    of_owner = (AssetVisibility.PRIVATE,) if is_owned else ()
    of_dataset = (AssetVisibility.DATASET,) if has_dataset else ()
    return (*of_dataset, *of_owner, AssetVisibility.INTERNAL, AssetVisibility.PUBLIC)


def _named(side: str) -> str:
    text = request.args.get(side, "")
    if not text:
        raise Invalid("Choose two assets to compare: ?left= and ?right=.", details={"field": side})
    return text


def _changes(now: Asset, form: AssetForm, body: dict[str, JsonValue]) -> AssetChanges:
    form.check_seen(now.updated_at)
    return read_changes(body, now)


def _facts(entry: Asset) -> dict[str, JsonValue]:
    """Return what is compared of an asset beside its tags and metadata, as it is shown."""
    info = dict(entry.more_file_info) | (file_document(entry.file) if entry.file else {})
    told = {name: one if isinstance(one, str) else json.dumps(one) for name, one in info.items()}
    size_bytes = info.get("size")  # whatever its people wrote, where the bytes lie elsewhere
    if isinstance(size_bytes, int) and not isinstance(size_bytes, bool):
        told["size"] = f"{size(size_bytes)}, {exact_size(size_bytes)}"
    return {
        "name": entry.name.name,
        "version": entry.name.version,
        "tag": entry.name.tag,
        **told,
        **({"address": entry.public_url} if is_external(entry) else {}),
        "visibility": entry.visibility.value,
        "owner": entry.owner_name,
        "made": exact_time(entry.created_at),
    }


def _to(entry: Asset) -> ResponseReturnValue:
    return redirect(url_for("asset_entries.show", asset_id=entry.id), HTTPStatus.SEE_OTHER)


def _entry_page(entry: Asset, deletion: AssetForm) -> ResponseReturnValue:
    house = asset_house()
    versions = list_versions(house, actor(), entry)
    page = render_template(
        "assets/show.html",
        entry=entry,
        deletion=deletion,
        permissions=told_permissions(permissions_of(house, actor(), entry)),
        versions=versions,
        other=_neighbour(entry, versions),
        adding=adding_permission("add a version"),
        dataset_names=dataset_names(platform(), actor(), [entry]),
        site=_seen_site(entry),
        preview=preview_url(entry),
        info=asset_document(entry)["asset_file_info"],
        file_name=file_name(entry),
        document_url=document_url(house.rules.base_url, entry),
        curl=download_line(entry) if entry.public_url else "",
        page_url=f"{house.rules.base_url}{url_for('asset_entries.show', asset_id=entry.id)}",
    )
    return page, deletion.status


def _seen_site(entry: Asset) -> SiteProject | None:
    """Return the site on which its bytes lie, where the caller may see it and GitLab says so."""
    try:
        return open_site(platform(), actor(), entry.file.site_id)[0] if entry.file else None
    except (NotFound, Unavailable):
        return None


def _neighbour(entry: Asset, versions: Sequence[Asset]) -> str:
    """Return the id of the version to compare with: the one before, else the next one; or ""."""
    ids = [one.id for one in versions]
    place = ids.index(entry.id) if entry.id in ids else 0
    others = [one for one in (*ids[place + 1 :], *reversed(ids[:place])) if one != entry.id]
    return others[0] if others else ""


def _choices(entry: Asset) -> Sequence[AssetVisibility]:
    if entry.pinned is not None:
        return (AssetVisibility.DATASET,)
    return visibilities(
        is_owned=entry.owner_id is not None, has_dataset=entry.dataset_id is not None
    )


def _edit_page(entry: Asset, form: AssetForm) -> ResponseReturnValue:
    page = render_template(
        "assets/edit.html",
        entry=entry,
        form=form,
        permission=told_permissions(permissions_of(asset_house(), actor(), entry))["write"],
        visibilities=_choices(entry),
        is_external=is_external(entry),
    )
    return page, form.status
