"""A page is as long as its documents let it be."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.model.asset_documents import ASSET_SHAPE, REGISTRY_SHAPE
from core.model.filters.queries import DocumentQuery, parse_query
from core.model.registry import RegistryEntry
from core.ports import AssetScope, Found
from ledger.engine import Ledger
from ledger.filtering.paging import MAX_PAGE_BYTES
from tests.conformance.records.samples import NOW
from tests.integration.filters.shelf import Json, Shelf, keep

LARGE: Json = {"a": [{}] * 21_800}  # of 24 bytes in memory for each of the text's
COUNT = 130
MOST_BYTES = 130 * 1024 * 1024


@pytest.fixture(scope="module")
def shelf(either: Ledger) -> Shelf:
    return keep(either, [LARGE] * COUNT)


def pages(shelf: Shelf, **asked: Any) -> Iterator[Found[Any]]:  # noqa: ANN401
    scope = AssetScope(None, assets_db_id=shelf.name)
    query = parse_query({}, fields_of=ASSET_SHAPE, **asked)
    while True:
        page = shelf.ledger.assets.query_assets(scope, query)
        yield page
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)


@pytest.mark.parametrize("limit", (None, 100))
@pytest.mark.parametrize("sort", ("asset_id", "asset_metadata.b"))
def test_a_page_ends_where_its_documents_are_4_mib(
    shelf: Shelf, sort: str, limit: int | None
) -> None:
    found = list(pages(shelf, sort=sort, limit=limit))
    ids = [one.id for page in found for one in page.items]
    assert ids == [one.id for one in shelf.assets]
    of_one = len(json.dumps(LARGE))
    for page in found[:-1]:
        assert len(page.items) * (of_one + 1_000) >= MAX_PAGE_BYTES
        assert (len(page.items) - 1) * of_one < MAX_PAGE_BYTES


def test_a_page_of_large_documents_is_small_in_memory(shelf: Shelf) -> None:
    tracemalloc.start()
    try:
        next(pages(shelf))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_a_page_of_the_registry_ends_there_too(either: Ledger) -> None:
    for number in range(60):
        entry = RegistryEntry(
            id=f"entry {number:03}",
            name=f"entry {number}",
            public_url="https://models.test",
            owner_id=None,
            owner_name="",
            created_at=NOW + timedelta(seconds=number),
            updated_at=NOW,
            metadata=LARGE,
            tags=(),
        )
        either.registry.create_entry(entry)
    query: DocumentQuery = parse_query({}, sort="asset_registry_id", fields_of=REGISTRY_SHAPE)
    first = either.registry.query_entries(query)
    second = either.registry.query_entries(replace(query, cursor=first.cursor))
    assert 40 < len(first.items) < 60
    assert len(first.items) + len(second.items) == 60
    assert second.cursor is None
