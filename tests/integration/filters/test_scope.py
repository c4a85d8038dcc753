"""No document outside the caller's scope is looked at: how long that takes would tell what is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, text

from core.model.asset_documents import ASSET_SHAPE
from core.model.assets import Asset, AssetVisibility
from core.model.filters.queries import parse_query
from core.ports import AssetScope
from ledger.asset_rows import asset_row
from ledger.engine import Ledger
from ledger.filtering.search import FEW
from ledger.tables import asset_terms, assets
from tests.integration.filters.shelf import Json, keep
from tests.integration.filters.test_indexes import statements

ANYBODY = AssetScope(None)
GUESS: Json = {"asset_metadata.a": {"$regex": "^x"}}
BODIES: list[Json] = [
    GUESS,
    {"$nor": [{"asset_metadata.a": {"$regex": "^y"}}]},
    {"asset_tags": "rare", **GUESS},
    {"asset_tags": {"$in": ["common", "rare"]}, **GUESS},
]
SORTS = ("", "asset_name", "asset_metadata.a,-asset_metadata.b")


@pytest.fixture(scope="module", autouse=True)
def shelf(either: Ledger) -> None:
    """Keep three public entries, and many private ones whose documents are none in SQLite."""
    (template,) = keep(either, [{"a": "x", "b": 1}]).assets
    public = [replace(template, id=f"public {n}", tags=("rare",)) for n in range(2)]
    private = [_private(template, number) for number in range(FEW + 100)]
    for one in public:
        either.assets.create_asset(one)
    rows = [asset_row(one) for one in private]
    with either.database.writing() as connection:
        connection.execute(insert(assets), rows)
        if either.database.is_sqlite:
            made = "SELECT number FROM assets WHERE visibility = 'private' ORDER BY number"
            numbers = connection.execute(text(made)).scalars()
            pairs = zip(numbers, rows, strict=True)
            terms = [{"term": t, "number": number} for number, row in pairs for t in row["terms"]]
            connection.execute(insert(asset_terms), terms)
            unread = "UPDATE assets SET document = 'no JSON' WHERE visibility = 'private'"
            connection.execute(text(unread))


def _private(template: Asset, number: int) -> Asset:
    tags = ("common", "rare") if number < 9 else ("common",)
    return replace(
        template,
        id=f"private {number}",
        name=replace(template.name, name=f"private {number}"),
        visibility=AssetVisibility.PRIVATE,
        owner_id=5,
        tags=tags,
    )


def test_a_value_that_only_a_hidden_document_has_costs_as_little_as_one_that_none_has(
    sqlite: Ledger,
) -> None:
    wide: Json = {"asset_metadata.b": {"$in": list(range(2, 900))}}
    steps = [_steps(sqlite, {"asset_name": name, **wide}) for name in ("private 1", "private x")]
    assert abs(steps[0] - steps[1]) < 50


def _steps(sqlite: Ledger, body: Json) -> int:
    """Count what SQLite does for a query, in tens of instructions."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    query = parse_query(body, sort="asset_name", fields_of=ASSET_SHAPE)
    with sqlite.database.reading() as connection:
        driver = connection.connection.driver_connection
    driver.set_progress_handler(count, 10)  # type: ignore[union-attr]
    try:
        assert not sqlite.assets.query_assets(ANYBODY, query).items
    finally:
        driver.set_progress_handler(None, 10)  # type: ignore[union-attr]
    assert steps
    return steps


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("body", BODIES, ids=("pattern", "negation", "rare", "common"))
def test_a_document_that_nobody_may_see_is_not_looked_at(
    either: Ledger, body: Json, sort: str
) -> None:
    query = parse_query(body, sort=sort, limit=1, fields_of=ASSET_SHAPE)
    page = either.assets.query_assets(ANYBODY, query)
    with statements(either) as heard:
        after = either.assets.query_assets(ANYBODY, replace(query, cursor=page.cursor))
    assert page.items[0].visibility is AssetVisibility.PUBLIC
    assert after.items[0].visibility is AssetVisibility.PUBLIC
    if not either.database.is_sqlite:
        _check_order(either, *heard[-1])


def _check_order(postgresql: Ledger, statement: str, values: dict[str, Any]) -> None:
    """Check what PostgreSQL says of its plan: a document is tested where its visibility was, alone."""
    with postgresql.database.reading() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars()
        filters = [row for row in rows if "Filter: " in row]
    looking = [row for row in filters if "document" in row]
    assert looking
    for row in looking:
        guards = row.split("CASE WHEN (visibility = 'public'::text) THEN ")
        assert "document" not in guards[0], row
        assert "labset_sort_key" not in guards[0], row
