"""The asset database at its seed's own routes: upload, describe, find, change, delete."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, Response, request

from app.api.arguments import flag, site_argument, whole_number
from app.api.assets.answers import done, page_of_documents, succeeded
from app.api.assets.multipart import ArrivingForm, arriving_form
from app.api.assets.requests import asset_json, document_query, form_json
from app.caller import actor, asset_house
from core.errors import Invalid
from core.model.asset_documents import ASSET_SHAPE, asset_document
from core.model.assets import Asset
from core.usecases.access.ownership import check_known
from core.usecases.assets.drafts import AssetDraft, read_changes, read_draft
from core.usecases.assets.entries import change_asset, create_external, delete_asset
from core.usecases.assets.finding import MAX_LISTED_ASSET_TAGS, find_asset, list_tags, query_assets
from core.usecases.assets.uploading import Incoming, upload_asset
from core.usecases.registry.third_party import LeftOut, OtherResult, list_not_asked, search_others

blueprint = Blueprint("api_assets", __name__)

_TOLD_TAGS = 100
_FILE = "asset"
_ABOUT_IT = "asset_metadata"


@blueprint.post("/upload_asset")
def upload() -> Response:
    """Keep the part `asset` of a form as a new asset, of which the part `asset_metadata` tells."""
    house, who, site_id = asset_house(), actor(), site_argument()
    check_known(house, who)
    form = arriving_form(_FILE, [_ABOUT_IT])
    file_name = form.find_file()
    if file_name is None:
        raise Invalid("No file part", code="no_file", details={"field": _FILE})
    if not file_name:
        raise Invalid("No selected file", code="no_file", details={"field": _FILE})
    incoming = Incoming(
        file_name,
        form.file_chunks(),
        lambda: _draft_of(form),
        may_be_empty=flag("empty"),
    )
    return made(upload_asset(house, who, incoming, site_id))


@blueprint.post("/asset")
def create() -> Response:
    """Keep an entry whose bytes lie elsewhere, or nowhere."""
    asset = create_external(asset_house(), actor(), read_draft(asset_json(), needs_version=False))
    return done(
        "Asset created",
        HTTPStatus.CREATED,
        id=asset.id,
        asset_id=asset.id,
        asset_uri=asset.name.uri,
        asset_public_url=asset.public_url,
    )


@blueprint.get("/asset/<whole:uri>")
def read(uri: str) -> Response:
    """Tell all of an asset, by its URI or its id."""
    return succeeded(data=asset_document(find_asset(asset_house(), actor(), uri)))


@blueprint.put("/asset/<whole:uri>")
def change(uri: str) -> Response:
    """Change what is told of an asset, never its bytes or its name."""
    body = asset_json()
    asset = change_asset(asset_house(), actor(), uri, lambda now: read_changes(body, now))
    return done("Asset updated", asset_id=asset.id, asset_uri=asset.name.uri)


@blueprint.delete("/asset/<whole:uri>")
def delete(uri: str) -> Response:
    """Delete the entry; its bytes are collected later, where no other entry names them."""
    asset = delete_asset(asset_house(), actor(), uri)
    return done("Asset deleted", asset_id=asset.id, asset_uri=asset.name.uri)


@blueprint.post("/assets")
def query() -> Response:
    """Find assets by a filter in MongoDB's words; `?scope=third-party`: those of registered databases."""
    body, scope = asset_json(), request.args.get("scope", "")
    if scope == "third-party":
        results = search_others(asset_house(), body)
        return _found_at_others(results, list_not_asked(asset_house(), results))
    if scope:
        raise Invalid(
            "scope is third-party, or left out for the assets of this database.",
            details={"field": "scope"},
        )
    asked = document_query(body, ASSET_SHAPE)
    found = query_assets(asset_house(), actor(), asked, here_only=flag("mine"))
    return page_of_documents([asked.show(asset_document(one)) for one in found.items], found.cursor)


@blueprint.get("/api/v1/assets/tags")
def tags() -> Response:
    """Tell the most used tags of the assets that the caller may see, with how many have each."""
    text = request.args.get("limit", "")
    limit = whole_number(text, "limit") if text else _TOLD_TAGS
    if not 0 < limit <= MAX_LISTED_ASSET_TAGS:
        raise Invalid(
            f"limit is a number from 1 to {MAX_LISTED_ASSET_TAGS:,}.", details={"field": "limit"}
        )
    told = list_tags(asset_house(), actor(), limit)
    return succeeded(data=[{"tag": tag, "assets": count} for tag, count in told])


def made(asset: Asset) -> Response:
    """Answer as the seed's upload does."""
    return succeeded(
        HTTPStatus.CREATED,
        asset_uri=asset.name.uri,
        asset_id=asset.id,
        public_url=asset.public_url,
    )


def _found_at_others(results: Sequence[OtherResult], left_out: LeftOut) -> Response:
    documents = [
        {**document, "asset_registry_id": result.entry.id}
        for result in results
        for document in result.answer.documents
    ]
    asked = [
        {
            "asset_registry_id": result.entry.id,
            "asset_registry_name": result.entry.name,
            "ok": result.answer.problem is None,
            "seconds": round(result.answer.seconds, 3),
            "problem": result.answer.problem,
            "found": len(result.answer.documents),
        }
        for result in results
    ]
    not_asked = [
        {
            "asset_registry_id": one.entry.id,
            "asset_registry_name": one.entry.name,
            "problem": one.problem,
        }
        for one in left_out.named
    ]
    return succeeded(
        data=documents, asked=asked, not_asked=not_asked, further_not_asked=left_out.further
    )


def _draft_of(form: ArrivingForm) -> AssetDraft:
    """Return what the form says of its file, once all of it has come."""
    told = form.read_fields().get(_ABOUT_IT, b"{}")
    return read_draft(form_json(told, _ABOUT_IT), needs_version=True)
