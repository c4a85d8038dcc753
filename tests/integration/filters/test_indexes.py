"""The indexes are really used: what the databases say of their own plans."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from bench.asset_samples import TAGS, make_asset
from core.model.asset_documents import ASSET_SHAPE
from core.model.assets import AssetVisibility
from core.model.filters.queries import parse_query
from core.model.json_values import JsonValue
from core.ports import AssetScope
from ledger.asset_rows import asset_row
from ledger.engine import Ledger
from ledger.tables import asset_terms, assets
from tests.integration.filters.shelf import Json

MANY = 4_000
ONE = make_asset(7)
RARE: Json = {
    "asset_tags": [ONE.tags[0]],
    "asset_metadata": {"author": ONE.metadata["author"]},
}
COMMON: Json = {"asset_tags": TAGS[0], "asset_metadata.type": "image"}

ANYBODY = AssetScope(None)


@pytest.fixture(scope="module", autouse=True)
def many(either: Ledger) -> None:
    rows = [asset_row(make_asset(number)) for number in range(MANY)]
    with either.database.writing() as connection:
        (last,) = connection.execute(text("SELECT coalesce(max(number), 0) FROM assets")).one()
        for number, row in enumerate(rows, last + 1):
            row["number"] = number
        connection.execute(insert(assets), rows)
        if either.database.is_sqlite:
            terms = [{"term": t, "number": row["number"]} for row in rows for t in row["terms"]]
            connection.execute(insert(asset_terms), terms)
    if not either.database.is_sqlite:
        with either.database.reading() as connection:
            connection.execute(text("VACUUM ANALYZE assets"))


@contextmanager
def statements(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """Give what is asked of the database, as the driver hears it."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:  # noqa: ANN401
        heard.append((statement, values))

    engine = ledger.database._engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def plan_of(ledger: Ledger, body: Json, sort: str, scope: AssetScope = ANYBODY) -> str:
    """Return how the database goes about the page itself, the last statement of a query."""
    query = parse_query(body, sort=sort, limit=50, fields_of=ASSET_SHAPE)
    with statements(ledger) as heard:
        assert ledger.assets.query_assets(scope, query).items
    statement, values = heard[-1]
    explain = "EXPLAIN QUERY PLAN" if ledger.database.is_sqlite else "EXPLAIN"
    with ledger.database.reading() as connection:
        rows = connection.exec_driver_sql(f"{explain} {statement}", values).all()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize("sort", ("", "asset_name", "asset_metadata.width"))
def test_what_is_rare_is_found_by_its_terms(either: Ledger, sort: str) -> None:
    plan = plan_of(either, RARE, sort)
    if either.database.is_sqlite:
        assert "SEARCH assets USING INTEGER PRIMARY KEY" in plan
        assert "SEARCH asset_terms USING PRIMARY KEY (term=?)" in plan
        assert not re.search(r"SCAN assets\b", plan)
    else:
        assert "Bitmap Index Scan on ix_assets_terms" in plan
        assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("sort", "sqlite_index", "postgresql_index"),
    (
        ("", "SCAN assets", "Index Scan Backward using pk_assets"),
        ("asset_name", "ix_assets_name_id", "Index Scan using ix_assets_name_id"),
        (
            "-updated_at",
            "ix_assets_updated_at_id",
            "Index Scan Backward using ix_assets_updated_at_id",
        ),
    ),
)
def test_everything_is_shown_in_the_order_of_an_index(
    either: Ledger, sort: str, sqlite_index: str, postgresql_index: str
) -> None:
    plan = plan_of(either, {}, sort)
    assert (sqlite_index if either.database.is_sqlite else postgresql_index) in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort Key" not in plan


def test_what_one_person_owns_is_found_by_who_he_is(either: Ledger) -> None:
    person = ONE.owner_id
    scope = AssetScope(person, home_db_id=ONE.assets_db_id, owner_id=person)
    assert "ix_assets_owner" in plan_of(either, {}, "", scope)


def test_an_asset_is_found_by_uri_and_id_through_an_index(either: Ledger) -> None:
    with statements(either) as heard:
        assert either.assets.find_asset(ONE.assets_db_id, ONE.id)
        assert either.assets.find_shared("other", ONE.id)
    explain = "EXPLAIN QUERY PLAN" if either.database.is_sqlite else "EXPLAIN"
    for statement, values in heard:
        with either.database.reading() as connection:
            rows = connection.exec_driver_sql(f"{explain} {statement}", values).all()
        plan = "\n".join(str(row[-1]) for row in rows)
        assert re.search(r"ix_assets_uri_key|uq_assets_id|sqlite_autoindex_assets_\d", plan), plan


IMAGES = {
    one.id: one
    for one in map(make_asset, range(MANY))
    if one.visibility is AssetVisibility.PUBLIC and one.metadata["type"] == "image"
}


@pytest.mark.parametrize("sort", ("", "asset_name", "asset_metadata.width"))
def test_whichever_way_is_taken_the_same_is_found(either: Ledger, sort: str) -> None:
    numbers: list[JsonValue] = list(range(-990, 0))
    bodies: list[tuple[Json, set[str]]] = [
        (COMMON, {one.id for one in IMAGES.values() if TAGS[0] in one.tags}),
        (
            {"asset_metadata.type": {"$in": ["image", *numbers]}, "asset_tags": {"$in": TAGS[:9]}},
            {one.id for one in IMAGES.values() if set(TAGS[:9]) & set(one.tags)},
        ),
        (
            {"asset_metadata": {"type": "image", "width": {"$lt": 50}}},
            {one.id for one in IMAGES.values() if one.metadata["width"] in range(50)},
        ),
    ]
    for body, wanted in bodies:
        query = parse_query(body, sort=sort, fields_of=ASSET_SHAPE)
        found = set()
        while True:
            page = either.assets.query_assets(AssetScope(None), query)
            found |= {one.id for one in page.items}
            if page.cursor is None:
                break
            query = replace(query, cursor=page.cursor)
        assert found == wanted


@pytest.mark.parametrize("body", (RARE, COMMON), ids=("rare", "common"))
@pytest.mark.parametrize("sort", ("", "asset_name"))
def test_a_page_costs_little_of_our_own_time(either: Ledger, body: Json, sort: str) -> None:
    query = parse_query(body, sort=sort, limit=50, fields_of=ASSET_SHAPE)
    took = []
    for _ in range(5):
        began = time.thread_time()
        either.assets.query_assets(AssetScope(None), query)
        took.append(time.thread_time() - began)
    assert min(took) < 0.05
