"""New assets: a file that is uploaded, an address elsewhere, a file of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.api.arguments import ref_argument, whole_number
from app.caller import actor, asset_house, platform
from app.pages.assets.entries import visibilities
from app.pages.assets.forms import AssetForm, fresh_asset_form, sent_asset_form, tags_text
from app.pages.assets.metadata_fields import standing_metadata
from app.pages.changes import chunks_of
from core.errors import Conflict, Invalid, LabsetError, NotFound, Unauthenticated
from core.model.assets import Asset
from core.model.json_values import JsonValue
from core.model.names import DatasetId, FilePath, Ref, SiteId
from core.model.storage import SiteRecord
from core.usecases.access.ownership import check_writer
from core.usecases.assets.drafts import AssetDraft, read_draft
from core.usecases.assets.entries import create_external, new_asset
from core.usecases.assets.finding import find_asset, find_namesake
from core.usecases.assets.from_dataset import register_file
from core.usecases.assets.uploading import Incoming, upload_asset
from core.usecases.datasets.managing import DatasetDetails, show_dataset
from core.usecases.reading.browse import show_file
from core.usecases.sites.managing import SiteView, list_sites

blueprint = Blueprint("new_assets", __name__)

_FIELDS = ("asset_name", "asset_version", "asset_metadata", "asset_tags")


@blueprint.get("/assets/new")
def new() -> ResponseReturnValue:
    """Show the form for a new asset; `?of=` names one of which it is another version."""
    _check_may_add()
    house, of = asset_house(), request.args.get("of", "")
    former = find_asset(house, actor(), of) if of else None
    choices = visibilities(is_owned=not actor().is_anonymous)
    wished = former.visibility if former else house.rules.visibility
    usual = wished if wished in choices else choices[0]
    form = fresh_asset_form(
        standing_metadata(former.metadata) if former else None,
        source="address" if "address" in request.args else "file",
        name=former.name.name if former else "",
        version="",
        tag="",
        tags=tags_text(former.tags) if former else "",
        of=former.id if former else "",
        url="",
        site="",
        visibility=usual.value,
    )
    return _form_page(form)


@blueprint.post("/assets/new")
def create() -> ResponseReturnValue:
    """Make the asset that a plain form brings, its file with it."""
    form = sent_asset_form()
    draft = _draft(form)
    if draft is not None:
        try:
            entry = _create(form, draft)
        except LabsetError as error:
            form.refuse(error)
        else:
            flash(f"{entry.name.uri or entry.name.name} is there.", "success")
            return _to(entry)
    return _form_page(form)


@blueprint.post("/assets/new/check")
def check() -> ResponseReturnValue:
    """Say what of a form would be refused, before its file is sent; else what to send with it."""
    form = sent_asset_form()
    draft = _draft(form)
    if draft is not None:
        try:
            _check_welcome(draft, _site(form))
        except LabsetError as error:
            form.refuse(error)
    told = _body(form)
    answer = jsonify({"problems": form.problems, "message": form.message, "asset_metadata": told})
    return answer, form.status


@blueprint.get("/datasets/<int:dataset_id>/register-asset")
def source(dataset_id: int) -> ResponseReturnValue:
    """Show the form that makes an asset of a file at a revision."""
    _check_may_add()
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    path, ref = FilePath(request.args.get("path", "")), ref_argument()
    facts = show_file(platform(), actor(), details.dataset.id, ref, path)
    named = ref.name if ref and not facts.revision.sha.startswith(ref.name) else ""
    form = fresh_asset_form(
        path=path.text,
        ref=facts.revision.sha,
        name=path.name,
        version=named
        or (details.dataset.default_branch if ref is None else facts.revision.sha[:8]),
        tag=facts.revision.sha[:8],
        tags=", ".join(details.dataset.tags),
    )
    return _source_page(details, form)


@blueprint.post("/datasets/<int:dataset_id>/register-asset")
def register(dataset_id: int) -> ResponseReturnValue:
    """Make an asset of a file at a revision; its bytes stay where they are."""
    form = sent_asset_form()
    details = show_dataset(platform(), actor(), DatasetId(dataset_id))
    body = form.body(*_FIELDS)
    if not form.is_refused:
        try:
            entry = register_file(
                asset_house(),
                platform(),
                actor(),
                details.dataset.id,
                Ref(form.value("ref")),
                FilePath(form.value("path")),
                body,
            )
        except LabsetError as error:
            form.refuse(error)
        else:
            flash(
                f"{form.value('path')} is the asset {entry.name.uri or entry.name.name} now.",
                "success",
            )
            return _to(entry)
    return _source_page(details, form)


def _draft(form: AssetForm) -> AssetDraft | None:
    """Return what the form asks for, or None with all its problems noted at once."""
    is_file = form.value("source") != "address"
    form.require("name", "Give it a name.")
    if is_file:
        form.require("version", "Give it a version, like 1.0.")
        form.require("tag", "Give it a tag, like initial.")
    body = _body(form)
    if not is_file and form.value("url"):
        body |= form.body("asset_public_url")
    if not form.is_refused:
        try:
            return read_draft(body, needs_version=is_file)
        except LabsetError as error:
            form.refuse(error)
    return None


def _body(form: AssetForm) -> dict[str, JsonValue]:
    """Return what the API would be sent; tags that another version's form brought stay as they are."""
    body = form.body(*_FIELDS, "visibility")
    if form.value("of"):
        with suppress(NotFound):  # gone since: then the tags are as they were typed
            former = find_asset(asset_house(), actor(), form.value("of"))
            body["asset_tags"] = list(former.tags)
            body |= form.changed_tags("asset_tags", former.tags)
    return body


def _create(form: AssetForm, draft: AssetDraft) -> Asset:
    house = asset_house()
    if form.value("source") == "address":
        return create_external(house, actor(), draft)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("Choose the file.", details={"field": "file"})
    incoming = Incoming(sent.filename, chunks_of(sent), lambda: draft)
    return upload_asset(house, actor(), incoming, _site(form))


def _check_may_add() -> None:
    house = asset_house()
    if house.people.find_person(actor()) is None and not house.rules.is_open:
        raise Unauthenticated("Sign in to add an asset.")


def _site(form: AssetForm) -> SiteId | None:
    return SiteId(whole_number(form.value("site"), "site")) if form.value("site") else None


def _check_welcome(draft: AssetDraft, site: SiteId | None) -> None:
    """Refuse what an upload would be refused for, as far as it can be known before its bytes."""
    house = asset_house()
    owner = check_writer(house, actor())
    house.places.open_site(actor(), site)
    uri = new_asset(house, actor(), owner, draft).name.uri
    if find_namesake(house, actor(), uri) is not None:
        raise Conflict(
            f"{uri} is there already: choose another version or tag.", code="asset_exists"
        )


def _to(entry: Asset) -> ResponseReturnValue:
    return redirect(url_for("asset_entries.show", asset_id=entry.id), HTTPStatus.SEE_OTHER)


def _writable_sites() -> Sequence[SiteView]:
    if actor().is_anonymous:
        return ()
    found = list_sites(platform(), actor(), search="", kind=None, tags=())
    return [view for view in found if view.permissions["write"].allowed]


def _usual_site() -> tuple[SiteRecord | None, str]:
    """Return the site that the operator chose, or None and why there is none."""
    try:
        return asset_house().places.open_site(actor(), None), ""
    except LabsetError as error:
        return None, error.message


def _form_page(form: AssetForm) -> ResponseReturnValue:
    usual, why_not = _usual_site()
    page = render_template(
        "assets/new.html",
        form=form,
        usual_site=usual,
        why_not=why_not,
        sites=_writable_sites(),
        visibilities=visibilities(is_owned=not actor().is_anonymous),
    )
    return page, form.status


def _source_page(details: DatasetDetails, form: AssetForm) -> ResponseReturnValue:
    page = render_template("assets/from_dataset.html", details=details, tab="files", form=form)
    return page, form.status
