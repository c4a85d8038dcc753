"""Assets that hold documents, each batch in an asset database of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.model.asset_documents import ASSET_SHAPE, asset_document
from core.model.assets import Asset, AssetName, AssetVisibility
from core.model.filters.queries import parse_query
from core.ports import AssetScope
from ledger.engine import Ledger
from tests.conformance.records.samples import NOW

_numbers = itertools.count(1)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some documents as the metadata of assets; `assets` stand in the order of the documents."""

    ledger: Ledger
    name: str
    assets: Sequence[Asset]

    def find(self, body: Json, sort: str = "asset_id") -> list[int]:
        """Return the places of the documents that a filter finds, in the order asked for."""
        query = parse_query(body, sort=sort, fields_of=ASSET_SHAPE)
        scope = AssetScope(None, everything=True, assets_db_id=self.name)
        places = {asset.id: place for place, asset in enumerate(self.assets)}
        found = self.ledger.assets.query_assets(scope, query)
        return [places[asset.id] for asset in found.items]

    def documents(self) -> list[Json]:
        """Return what an API would show."""
        return [asset_document(asset) for asset in self.assets]


def keep(ledger: Ledger, documents: Sequence[Json]) -> Shelf:
    name = f"db-{next(_numbers)}"
    assets = [_asset_of(name, document) for document in documents]
    for asset in assets:
        ledger.assets.create_asset(asset)
    return Shelf(ledger, name, assets)


def _asset_of(assets_db_id: str, document: Json) -> Asset:
    number = next(_numbers)
    return Asset(
        id=f"{number:09}",
        assets_db_id=assets_db_id,
        name=AssetName(f"asset-{number}"),
        visibility=AssetVisibility.PUBLIC,
        owner_id=None,
        owner_name="",
        created_at=NOW,
        updated_at=NOW,
        metadata=document,
    )
