"""Find assets: one by its URI or id, many by what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import NotFound
from core.model.access import Actor, Permission
from core.model.asset_documents import ASSET_SHAPE
from core.model.assets import Asset
from core.model.filters.queries import DocumentQuery, parse_query
from core.model.json_values import JsonValue, text_problem
from core.ports import AssetPlatform, Found
from core.usecases.assets.rights import change_permission_of, may_see, scope_of

MAX_LISTED_VERSIONS = 100
MAX_LISTED_ASSET_TAGS = 1_000


def find_asset(house: AssetPlatform, actor: Actor, uri_or_id: str) -> Asset:
    """Return the asset of that URI, else of that id: this database's own, then what others share.

    Raises:  NotFound (`asset_not_found`), also for what the caller may not see; Unauthenticated.
    """
    person = house.people.find_person(actor)
    wanted = uri_or_id.strip()
    if text_problem(wanted):
        raise asset_not_found(repr(uri_or_id))
    asset = house.assets.find_asset(house.rules.assets_db_id, wanted)
    if asset is None or not may_see(house, actor, person, asset):
        asset = house.assets.find_shared(house.rules.assets_db_id, wanted)
    if asset is None:
        raise asset_not_found(uri_or_id)
    return asset


def find_namesake(house: AssetPlatform, actor: Actor, uri: str) -> Asset | None:
    """Return the asset that has a URI in this database, where URIs are given once, if the caller sees it.

    Raises:  Unauthenticated.
    """
    person = house.people.find_person(actor)
    asset = house.assets.find_asset(house.rules.assets_db_id, uri)
    is_it = asset is not None and asset.name.uri == uri and may_see(house, actor, person, asset)
    return asset if is_it else None


def query_assets(
    house: AssetPlatform,
    actor: Actor,
    query: DocumentQuery,
    *,
    here_only: bool = False,
    owned_only: bool = False,
) -> Found[Asset]:
    """Return a page of the assets that match and that the caller may see.

    `here_only`: those of this database, without what others keep in the same records; `owned_only`:
    those of this database that are his own, by whatever name he made them.
    Raises:  Invalid, Unavailable, Unauthenticated.
    """
    scope = scope_of(house, actor, here_only=here_only, owned_only=owned_only)
    return house.assets.query_assets(scope, query)


def list_tags(house: AssetPlatform, actor: Actor, limit: int) -> Sequence[tuple[str, int]]:
    """Return the most used tags of what the caller may see, with how many entries have each."""
    at_most = max(1, min(limit, MAX_LISTED_ASSET_TAGS))
    return house.assets.list_asset_tags(scope_of(house, actor), at_most)


def list_versions(house: AssetPlatform, actor: Actor, asset: Asset) -> Sequence[Asset]:
    """Return all assets of the same name in the same database, newest first, itself among them."""
    same: dict[str, JsonValue] = {
        "asset_name": {"$eq": asset.name.name},
        "assets_db_id": {"$eq": asset.assets_db_id},
    }
    query = parse_query(same, limit=MAX_LISTED_VERSIONS, fields_of=ASSET_SHAPE)
    return house.assets.query_assets(scope_of(house, actor), query).items


def permissions_of(house: AssetPlatform, actor: Actor, asset: Asset) -> Mapping[str, Permission]:
    """Say whether the caller may `write` (change) and `delete` an asset that he sees, and why not."""
    permission = change_permission_of(house, house.people.find_person(actor), asset)
    return {"write": permission, "delete": permission}


def asset_not_found(uri_or_id: str) -> NotFound:
    """Return the error about an asset that is not there, or not for this caller."""
    return NotFound(
        f"There is no asset {uri_or_id:.600}, or you may not see it.", code="asset_not_found"
    )
