"""Orders, cursors, projections and versions, in both databases."""

from __future__ import annotations

import base64
import itertools
import json
import time
from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import text

from core.errors import Invalid, Unavailable
from core.model.asset_documents import ASSET_SHAPE, asset_document
from core.model.assets import AssetName
from core.model.filters.queries import parse_query
from core.ports import AssetScope
from ledger.assets import SqlAssetRecords
from ledger.database import Database
from ledger.engine import Ledger
from tests.integration.filters.shelf import Json, Shelf, keep

DOCUMENTS: list[Json] = [{"n": n % 3, "t": ["x", None, "y", "\n", 5][n % 5]} for n in range(23)]


def walk(shelf: Shelf, sort: str, limit: int) -> list[str]:
    """Return the ids of all pages."""
    ids: list[str] = []
    cursor = None
    scope = AssetScope(None, assets_db_id=shelf.name)
    while True:
        query = parse_query({}, sort=sort, limit=limit, cursor=cursor, fields_of=ASSET_SHAPE)
        page = shelf.ledger.assets.query_assets(scope, query)
        assert len(page.items) <= limit
        ids += [asset.id for asset in page.items]
        cursor = page.cursor
        if cursor is None:
            return ids


@pytest.mark.parametrize(
    "sort",
    (
        "",
        "asset_name",
        "-created_at",
        "asset_metadata.n,-asset_metadata.t",
        "-asset_metadata.t,asset_name",
        "asset_metadata.none",
        "-asset_id",
    ),
)
def test_pages_follow_each_other_without_gaps_or_repeats(either: Ledger, sort: str) -> None:
    shelf = keep(either, DOCUMENTS)
    whole = walk(shelf, sort, 1_000)
    assert sorted(whole) == sorted(asset.id for asset in shelf.assets)
    for limit in (1, 4, 23):
        assert walk(shelf, sort, limit) == whole


def test_the_newest_come_first_where_nothing_is_asked(either: Ledger) -> None:
    shelf = keep(either, DOCUMENTS[:5])
    assert walk(shelf, "", 2) == sorted((asset.id for asset in shelf.assets), reverse=True)


def test_a_page_goes_on_where_it_ended_though_others_come_and_go(either: Ledger) -> None:
    shelf = keep(either, DOCUMENTS[:6])
    scope = AssetScope(None, assets_db_id=shelf.name)
    query = parse_query({}, sort="asset_id", limit=3, fields_of=ASSET_SHAPE)
    first = either.assets.query_assets(scope, query)
    either.assets.delete_asset(first.items[-1].id, shelf.assets[0].created_at)
    either.assets.create_asset(replace(shelf.assets[0], id="0"))
    second = either.assets.query_assets(scope, replace(query, cursor=first.cursor))
    assert [one.id for one in second.items] == [one.id for one in shelf.assets[3:]]


@pytest.mark.parametrize("cursor", ("x", "ä", "W10", "WyJhc3NldF9uYW1lIl0", "bnVsbA", "=" * 9))
def test_a_cursor_of_somebody_else_is_refused(either: Ledger, cursor: str) -> None:
    query = parse_query({}, sort="asset_name", cursor=cursor, fields_of=ASSET_SHAPE)
    with pytest.raises(Invalid):
        either.assets.query_assets(AssetScope(None), query)


@pytest.mark.parametrize("text", ("\x00", "a\x00b", "\ud800"))
@pytest.mark.parametrize("place", (1, 2))
def test_a_cursor_with_text_that_no_database_keeps_is_refused(
    either: Ledger, text: str, place: int
) -> None:
    told = ["asset_name", "a", "b"]
    told[place] = text
    cursor = base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
    query = parse_query({}, sort="asset_name", cursor=cursor, fields_of=ASSET_SHAPE)
    with pytest.raises(Invalid, match="cursor"):
        either.assets.query_assets(AssetScope(None), query)


def test_a_cursor_of_another_order_is_refused(either: Ledger) -> None:
    shelf = keep(either, DOCUMENTS[:3])
    query = parse_query({}, sort="asset_name", limit=1, fields_of=ASSET_SHAPE)
    cursor = shelf.ledger.assets.query_assets(AssetScope(None), query).cursor
    other = parse_query({}, sort="-asset_name", limit=1, cursor=cursor, fields_of=ASSET_SHAPE)
    with pytest.raises(Invalid):
        either.assets.query_assets(AssetScope(None), other)


VERSIONS = ["0.9", "1", "1.0", "1.9", "1.10", "2.0-rc1", "2.0", "10.0", "v1"]


def test_versions_compare_as_versions(either: Ledger) -> None:
    shelf = keep(either, [])
    template = keep(either, [{}]).assets[0]
    for number, version in enumerate(VERSIONS):
        name = AssetName("model", version, "t")
        one = replace(template, id=f"{shelf.name}-{number}", assets_db_id=shelf.name, name=name)
        either.assets.create_asset(one)

    def versions(body: Json, sort: str = "asset_version.version") -> list[str]:
        scope = AssetScope(None, assets_db_id=shelf.name)
        query = parse_query(body, sort=sort, fields_of=ASSET_SHAPE)
        return [one.name.version for one in either.assets.query_assets(scope, query).items]

    assert versions({}) == VERSIONS
    assert versions({}, "-asset_version.version") == VERSIONS[::-1]
    for (at, low), (to, high) in itertools.combinations(enumerate(VERSIONS), 2):
        between = {"$gte": low, "$lt": high}
        assert versions({"asset_version.version": between}) == VERSIONS[at:to]
        assert versions({"asset_version": {"version": between}}) == VERSIONS[at:to]
    assert versions({"asset_version.version": "1"}) == ["1"]
    assert versions({"asset_version.version": {"$not": {"$gt": "1"}}}) == ["0.9", "1"]
    assert versions({"asset_version": {"$eq": {"version": "1", "tag": "t"}}}) == ["1"]


def test_fields_show_what_was_asked_for_and_the_id(either: Ledger) -> None:
    asset = keep(either, [{"a": {"b": 1, "c": 2}, "l": [{"b": 3, "c": 4}, 5], "d": 6}]).assets[0]
    query = parse_query(
        {}, fields="asset_name,asset_metadata.a.b, asset_metadata.l.b,none", fields_of=ASSET_SHAPE
    )
    assert query.show(asset_document(asset)) == {
        "asset_id": asset.id,
        "asset_name": asset.name.name,
        "asset_metadata": {"a": {"b": 1}, "l": [{"b": 3}]},
    }


def test_what_people_write_stays_a_value_and_never_becomes_sql(either: Ledger) -> None:
    nasty = "'); DROP TABLE assets; --"
    shelf = keep(either, [{nasty.replace(".", ""): nasty}, {"x": nasty}])
    assert shelf.find({"asset_metadata.x": nasty}, f"asset_metadata.{nasty}") == [1]
    assert shelf.find({f"asset_metadata.{nasty}": {"$regex": r"DROP\ TABLE.*--$"}}) == [0]
    assert shelf.find({}) == [0, 1]


def test_a_query_of_postgresql_ends_after_its_time(postgresql: Ledger) -> None:
    with pytest.raises(Unavailable), postgresql.database.reading() as connection:
        connection.execute(text("SET statement_timeout = 10; SELECT pg_sleep(5)"))


def test_a_query_that_postgresql_ends_says_how_to_narrow_it(postgresql: Ledger) -> None:
    letters = "".join(Random("a and b").choices("ab", k=60_000))
    keep(postgresql, [{"a": letters}] * 9)
    costly: Json = {"asset_metadata.a": {"$regex": "a" + "[ab]{90}" * 9 + "[xyz]"}}
    query = parse_query(costly, fields_of=ASSET_SHAPE)
    database = Database(postgresql.database.url.render_as_string(), wait_seconds=0.1)
    try:
        with pytest.raises(Unavailable, match="add what few of them have") as refused:
            SqlAssetRecords(database).query_assets(AssetScope(None), query)
        assert refused.value.code == "query_too_wide"
    finally:
        database.close()


def deep(levels: int) -> Json:
    return {"a": {"$elemMatch": deep(levels - 1)}} if levels else {"a": 1}


LARGEST: dict[str, Json] = {
    "in": {"asset_metadata.a": {"$in": list(range(1_000))}},
    "nin": {"asset_metadata.a": {"$nin": [*range(998), None, "x"]}},
    "exactly": {"asset_metadata.a": {"$eq": [*range(999)]}},
    "object": {"asset_metadata.a": {"$eq": {f"k{n}": n for n in range(499)}}},
    "contains": {"asset_metadata.a": list(range(99))},
    "or": {"$or": [{f"asset_metadata.f{n}": n} for n in range(99)]},
    "deep": {"asset_metadata": deep(6)},
    "indices": {"asset_metadata.0.1.2.a": None},
    "long": {f"asset_metadata.{'.'.join('a' * 15)}": None},
    "text": {"asset_metadata.a": "ä" * 30_000},
    "pattern": {"asset_metadata.a": {"$regex": "(((a|b)*c?){9}x{0,9}){9}$", "$options": "i"}},
}


@pytest.mark.parametrize("body", LARGEST.values(), ids=LARGEST)
def test_the_largest_filters_are_answered_in_a_moment(either: Ledger, body: Json) -> None:
    shelf = keep(either, [{"a": "ab" * 15_000}, {"a": list(range(900))}, {"a": {"b": [{}] * 99}}])
    began = time.monotonic()
    assert len(shelf.find(body)) <= 3
    assert time.monotonic() - began < 5
