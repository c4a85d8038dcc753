"""Searching the databases of others, good and bad ones, through a running server."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.assets_alone.servers import ALICE, Server
from tests.integration.attacks.watching import Watch
from tests.integration.outgoing import servers as others
from tests.integration.registry.conftest import Registers, database

MOST_SECONDS = 3.5  # 3, and what a busy machine may add
LAMP = {
    "asset_uri": "Lamp:1.0-new",
    "asset_name": "Lamp",
    "asset_id": "a1",
    "assets_db_id": "db",
    "asset_version": {"version": "1.0", "tag": "new"},
    "asset_metadata": {"maker": "<script>alert(1)</script>"},
    "asset_public_url": "https://files.test/lamp",
    "asset_file_info": {},
    "asset_tags": ["light"],
}


def search(house: Server, query: object, **headers: str) -> Any:  # noqa: ANN401 - any JSON
    began = time.monotonic()
    answer = house.ask("POST", "/assets?scope=third-party", ALICE, json=query, headers=headers)
    assert time.monotonic() - began < MOST_SECONDS
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.json()


def _gigabyte(visit: others.Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    visit.repeat(b"x" * 100_000, 10_000)


def _byte_a_second(visit: others.Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    visit.trickle(b"x" * 60, 1.0)


def _bomb() -> others.Answer:
    packed = gzip.compress(b" " * 50_000_000)
    return others.answer(packed, "200 OK", "Content-Encoding: gzip")


def test_public_assets_of_a_registered_database_are_found_with_where(
    house: Server, registers: Registers, running: Callable[..., others.Server]
) -> None:
    server = running(database(LAMP))
    entry = registers(server.url, asset_registry_name="Lamps")
    told = search(house, {"asset_tags": ["light"]})
    assert told["data"] == [LAMP | {"asset_registry_id": entry}]
    [asked] = told["asked"]
    assert asked | {"seconds": 0} == {
        "asset_registry_id": entry,
        "asset_registry_name": "Lamps",
        "ok": True,
        "seconds": 0,
        "problem": None,
        "found": 1,
    }
    assert not any("alice" in visit.head or ALICE in visit.head for visit in server.visits)


def test_who_was_not_well_is_not_asked_and_told(house: Server, registers: Registers) -> None:
    entry = registers("https://example.com", asset_registry_name="Gone")
    told = search(house, {})
    assert (told["data"], told["asked"]) == ([], [])
    [left_out] = told["not_asked"]
    assert (left_out["asset_registry_id"], left_out["asset_registry_name"]) == (entry, "Gone")
    assert left_out["problem"]
    assert told["further_not_asked"] == 0


def test_a_filter_that_is_refused_here_is_sent_to_nobody(
    house: Server, registers: Registers, running: Callable[..., others.Server]
) -> None:
    server = running(database(LAMP))
    registers(server.url)
    for query in ({"$where": "1"}, {"a": {"$regex": "(a+)+$("}}):
        answer = house.ask("POST", "/assets?scope=third-party", json=query)
        assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert not any(visit.head.startswith("POST") for visit in server.visits)


def test_the_worst_databases_hold_up_neither_the_search_nor_anybody_else(
    house: Server,
    registers: Registers,
    running: Callable[..., others.Server],
    watch: Watch,
) -> None:
    inside = running(others.answer())
    redirect = others.answer(b"", "302 Found", f"Location: {inside.url}/assets")
    many = others.answer(b'{"data": [' + b"{}," * 300_000 + b"{}]}")
    bad = [others.silent, _byte_a_second, _gigabyte, _bomb(), redirect, many]
    bad += [
        others.raw(b"\xff\xfe\x00"),
        others.answer(b'{"data": "\xff"}'),
        others.answer(b"[" * 10_000),
    ]
    entries = [registers(running(database(query=act)).url) for act in (*bad, *bad[:3])]
    good = registers(running(database(LAMP)).url)
    with ThreadPoolExecutor(2) as pool, watch.bounded():
        searches = [pool.submit(search, house, {}) for _ in range(2)]
        slowest = 0.0
        while not all(one.done() for one in searches):
            began = time.monotonic()
            assert house.ask("GET", "/health").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
        told = searches[0].result()
    assert slowest < 1.0
    assert [one["asset_registry_id"] for one in told["data"]] == [good]
    asked = {one["asset_registry_id"]: one for one in told["asked"]}
    assert set(asked) == {*entries, good}
    assert not any(asked[entry]["ok"] for entry in entries)
    assert inside.connections == 0


def test_a_database_that_died_since_its_last_look_costs_nothing(
    house: Server, registers: Registers
) -> None:
    with others.serving(database(LAMP)) as server:
        entry = registers(server.url)
    told = search(house, {})
    [asked] = [one for one in told["asked"] if one["asset_registry_id"] == entry]
    assert (asked["ok"], asked["problem"]) == (False, "Nothing answers at its address.")
