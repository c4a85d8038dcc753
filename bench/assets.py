"""Queries on many assets, in SQLite and in PostgreSQL, next to the same rows asked without our indexes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

from sqlalchemy import insert, text

from bench.asset_samples import CAMERAS, KINDS, TAGS, make_asset, rare_author
from bench.postgres import PostgresServer
from core.model.access import Secret
from core.model.asset_documents import ASSET_SHAPE
from core.model.filters.queries import parse_query
from core.ports import AssetScope
from ledger.asset_rows import asset_row
from ledger.engine import Ledger, open_ledger
from ledger.tables import asset_terms, assets

IN_SQLITE, IN_POSTGRESQL = 100_000, 1_000_000
PAGE = 50
RUNS, BASELINE_RUNS = 100, 5
CREATED = 200
_AT_ONCE = 5_000
_SHARED_BUFFERS = "2GB"  # what an operator gives it, who keeps a million assets
_KEY = Secret("a key of the bench, long enough to be one")
_SCOPE = AssetScope(None)


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of query: a filter with values that differ from run to run, and an order."""

    title: str
    make: Callable[[Random], dict[str, Any]]
    sort: str = ""


QUESTIONS = (
    Question(
        "tag + metadata, newest first",
        lambda random: {
            "asset_tags": [random.choice(TAGS)],
            "asset_metadata": {"type": random.choice(KINDS)},
        },
    ),
    Question(
        "tag + metadata, by name",
        lambda random: {
            "asset_tags": [random.choice(TAGS)],
            "asset_metadata": {"camera": random.choice(CAMERAS)},
        },
        "asset_name",
    ),
    Question(
        "common tag + rare author, newest first",
        lambda random: {"asset_tags": TAGS[0], "asset_metadata.author": rare_author(random)},
    ),
    Question(
        "the seed's: one of two tags, metadata, version from 1.0",
        lambda random: {
            "asset_tags": {"$in": random.sample(TAGS, 2)},
            "asset_metadata.type": "image",
            "asset_version.version": {"$gte": "1.0"},
        },
    ),
    Question(
        "tag + metadata + range, by metadata",
        lambda random: {
            "asset_tags": random.choice(TAGS[20:]),
            "asset_metadata.type": "image",
            "asset_metadata.width": {"$gte": random.randrange(4_000)},
        },
        "asset_metadata.width",
    ),
)

_BASELINES = {
    "sqlite": """SELECT document FROM assets
        WHERE EXISTS (SELECT 1 FROM json_each(document, '$.asset_tags') WHERE value = :tag)
        AND json_extract(document, '$.asset_metadata.type') = :kind AND visibility = 'public'
        ORDER BY json_extract(document, '$.created_at') DESC LIMIT 50""",
    "postgresql": """SELECT document FROM assets
        WHERE document -> 'asset_tags' @> to_jsonb(CAST(:tag AS text))
        AND document -> 'asset_metadata' ->> 'type' = :kind AND visibility = 'public'
        ORDER BY document ->> 'created_at' DESC LIMIT 50""",
}


def measure_assets(work: Path, scale: float) -> list[str]:
    """Return lines that tell how long queries take on each database."""
    path = work / "assets.db"
    lines = _measure(f"sqlite:///{path}", max(1_000, round(IN_SQLITE * scale)))
    server = PostgresServer(_SHARED_BUFFERS)
    try:
        server.start()
        many = max(1_000, round(IN_POSTGRESQL * scale))
        lines += ["", *_measure(server.create_database(), many)]
    finally:
        server.stop()
    return lines


def _measure(url: str, count: int) -> list[str]:
    ledger = open_ledger(url, [_KEY])
    try:
        name = ledger.database.url.get_backend_name()
        filling = _fill(ledger, count)
        head = f"{count:,} assets in {name}, pages of {PAGE}"
        lines = [f"{head:58}   p50 ms    p95 ms     p50 and p95 when asked again"]
        lines += [_line(one.title, *_ask_often(ledger, one)) for one in QUESTIONS]
        lines.append(_line("one asset by its URI", _find_often(ledger, count)))
        lines.append(_line("one asset created", _create_often(ledger, count)))
        lines.append(_line("the first query on JSON without our indexes", _baseline(ledger, name)))
    finally:
        ledger.close()
    return [*lines, f"  wanted: p95 < 50 ms for queries; filled in {filling:.0f} s"]


def _fill(ledger: Ledger, count: int) -> float:
    """Write rows as the ledger does, many in one transaction; indexes of PostgreSQL come after."""
    began = time.perf_counter()
    is_sqlite = ledger.database.is_sqlite
    if not is_sqlite:
        _run(ledger, "DROP INDEX ix_assets_terms")
    for start in range(0, count, _AT_ONCE):
        rows = [asset_row(make_asset(n)) for n in range(start, min(count, start + _AT_ONCE))]
        for number, row in enumerate(rows, start + 1):
            row["number"] = number
        with ledger.database.writing() as connection:
            connection.execute(insert(assets), rows)
            if is_sqlite:
                connection.execute(insert(asset_terms), list(_terms(rows)))
    if not is_sqlite:
        _run(
            ledger,
            "SELECT setval(pg_get_serial_sequence('assets', 'number'), max(number)) FROM assets",
            "SET statement_timeout = 0",
            "CREATE INDEX ix_assets_terms ON assets USING gin (terms)",
            "VACUUM ANALYZE assets",
        )
    return time.perf_counter() - began


def _run(ledger: Ledger, *statements: str) -> None:
    with ledger.database.reading() as connection:
        for statement in statements:
            connection.execute(text(statement))


def _terms(rows: list[dict[str, Any]]) -> Iterator[Mapping[str, int]]:
    for row in rows:
        for term in row["terms"]:
            yield {"term": term, "number": row["number"]}


def _ask_often(ledger: Ledger, question: Question) -> tuple[list[float], list[float]]:
    """Return what queries took that were asked for the first time, and for the second."""
    random = Random(question.title)
    bodies = [question.make(random) for _ in range(RUNS)]
    first, second = ([_asked(ledger, body, question.sort) for body in bodies] for _ in range(2))
    return first, second


def _asked(ledger: Ledger, body: dict[str, Any], sort: str) -> float:
    began = time.perf_counter()
    query = parse_query(body, sort=sort, limit=PAGE, fields_of=ASSET_SHAPE)
    ledger.assets.query_assets(_SCOPE, query)
    return time.perf_counter() - began


def _find_often(ledger: Ledger, count: int) -> list[float]:
    random = Random("uri")
    return [_timed(ledger, make_asset(random.randrange(count)).name.uri) for _ in range(RUNS)]


def _timed(ledger: Ledger, uri: str) -> float:
    began = time.perf_counter()
    found = ledger.assets.find_asset("bench", uri)
    took = time.perf_counter() - began
    if found is None:
        raise LookupError(uri)
    return took


def _create_often(ledger: Ledger, count: int) -> list[float]:
    took = []
    for number in range(count, count + CREATED):
        asset = make_asset(number)
        began = time.perf_counter()
        ledger.assets.create_asset(asset)
        took.append(time.perf_counter() - began)
    return took


def _baseline(ledger: Ledger, name: str) -> list[float]:
    random = Random("baseline")
    took = []
    for _ in range(BASELINE_RUNS):
        values = {"tag": random.choice(TAGS), "kind": random.choice(KINDS)}
        began = time.perf_counter()
        with ledger.database.reading() as connection:
            connection.execute(text(_BASELINES[name]), values).all()
        took.append(time.perf_counter() - began)
    return took


def _line(what: str, *measured: list[float]) -> str:
    figures = (
        quantiles(seconds, n=100, method="inclusive")[at] * 1000
        for seconds in measured
        for at in (49, 94)
    )
    return f"  {what:56}" + "".join(f" {figure:9.1f}" for figure in figures)
