"""The registry of asset databases at its seed's own routes: register, find, change, look after."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response

from app.api.assets.answers import done, page_of_documents, succeeded
from app.api.assets.requests import asset_json, document_query
from app.caller import actor, asset_house
from core.model.asset_documents import REGISTRY_SHAPE, health_document, registry_document
from core.model.registry import RegistryEntry
from core.usecases.registry.drafts import read_registry_changes, read_registry_draft
from core.usecases.registry.entries import (
    change_entry,
    delete_entry,
    find_entry,
    query_entries,
    register_database,
)
from core.usecases.registry.health import check_health, list_health

blueprint = Blueprint("api_registry", __name__)

TOLD_CHECKS = 20


@blueprint.post("/asset_registry")
def register() -> Response:
    """Keep an entry with what a first look at its database saw."""
    entry = register_database(asset_house(), actor(), read_registry_draft(asset_json()))
    return succeeded(
        HTTPStatus.CREATED,
        message="Asset registry created",
        data={"message": "Asset registry created", "id": entry.id, **_kept(entry)},
        asset_registry_id=entry.id,
    )


@blueprint.get("/asset_registry/<entry_id>")
def read(entry_id: str) -> Response:
    """Tell all of an entry."""
    return succeeded(data=registry_document(find_entry(asset_house(), entry_id)))


@blueprint.put("/asset_registry/<entry_id>")
def change(entry_id: str) -> Response:
    """Change what is told of an entry, never its id or owner; a new address is looked at."""
    body = asset_json()
    entry = change_entry(
        asset_house(), actor(), entry_id, lambda now: read_registry_changes(body, now)
    )
    return done("Asset registry updated", HTTPStatus.OK, **_kept(entry))


@blueprint.delete("/asset_registry/<entry_id>")
def delete(entry_id: str) -> Response:
    """Forget an entry with its history."""
    entry = delete_entry(asset_house(), actor(), entry_id)
    return done("Asset registry deleted", asset_registry_id=entry.id)


@blueprint.post("/asset_registries")
def query() -> Response:
    """Find entries by a filter in MongoDB's words."""
    asked = document_query(asset_json(), REGISTRY_SHAPE)
    found = query_entries(asset_house(), asked)
    documents = [asked.show(registry_document(entry)) for entry in found.items]
    return page_of_documents(documents, found.cursor)


@blueprint.get("/check_health/<entry_id>")
def check(entry_id: str) -> Response:
    """Look at a registered database now, and tell what was seen before."""
    seen = check_health(asset_house(), entry_id)
    history = list_health(asset_house(), entry_id, TOLD_CHECKS)
    return succeeded(
        data={
            "status": "healthy" if seen.ok else "unhealthy",
            **health_document(seen),
            "history": [health_document(one) for one in history],
        }
    )


def _kept(entry: RegistryEntry) -> dict[str, object]:
    health = None if entry.health is None else health_document(entry.health)
    return {"asset_registry_id": entry.id, "health": health}
