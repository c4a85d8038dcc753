"""Several servers at one global database, each with a store, a home and people of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from bench.postgres import PostgresServer
from labset import Client
from ledger.database import Database
from ledger.tables import asset_objects
from tests.integration.assets_alone.conftest import bucket_of
from tests.integration.assets_alone.servers import (
    ALICE,
    ROOT_TOKEN,
    Server,
    serving,
    write_tokens,
)
from tests.integration.assets_alone.waiting import until
from tests.storage_servers import S3Server


@dataclass(frozen=True)
class Pair:
    """Two servers; `here` keeps its bytes in a folder, `there` in a bucket."""

    here: Server
    there: Server
    database_url: str


@pytest.fixture(scope="module")
def pair(
    postgres_server: PostgresServer, s3: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    url = postgres_server.create_database()
    shared = {
        "LABSET_DATABASE_URL": url,
        "LABSET_ASSETS_TOKENS": str(write_tokens(folder)),
    }
    with ExitStack() as running:
        here = running.enter_context(serving(folder / "here", shared))
        more = shared | bucket_of(s3, "shared") | {"LABSET_WEB_PROCESSES": "2"}
        there = running.enter_context(serving(folder / "there", more))
        yield Pair(here, there, url)


def names(found: list[dict[str, object]]) -> set[object]:
    return {one["asset_name"] for one in found}


def test_they_are_told_apart_and_searched_together_or_each_for_itself(pair: Pair) -> None:
    assert pair.here.db_id() != pair.there.db_id()
    pair.here.upload("FromHere", b"h", ALICE, asset_tags=["found"])
    pair.there.upload("FromThere", b"t", ALICE, asset_tags=["found"])
    query = {"asset_tags": ["found"]}
    for server, own in ((pair.here, "FromHere"), (pair.there, "FromThere")):
        assert names(server.find(query)) == {"FromHere", "FromThere"}
        mine = server.find(query, "/assets?mine=1")
        assert names(mine) == {own}
        assert {one["assets_db_id"] for one in mine} == {server.db_id()}


def test_the_bytes_of_an_asset_come_from_the_server_that_keeps_them(pair: Pair) -> None:
    made = pair.there.upload("Kept", b"in the bucket", ALICE).json()
    path = f"/asset-object/{made['asset_id']}"
    sent_on = pair.here.ask("GET", path)
    assert sent_on.status_code == 302
    assert sent_on.headers["Location"] == made["public_url"] == f"{pair.there.url}{path}"
    assert pair.here.ask("GET", path, follow_redirects=True).content == b"in the bucket"
    assert (
        pair.here.ask("GET", "/asset/Kept:1.0-initial").json()["data"]["asset_id"]
        == (made["asset_id"])
    )


def test_one_uri_may_be_in_both_and_means_the_own_one(pair: Pair) -> None:
    ids = {
        server.url: server.upload("Twice", server.url.encode(), ALICE).json()["asset_id"]
        for server in (pair.here, pair.there)
    }
    for server in (pair.here, pair.there):
        told = server.ask("GET", "/asset/Twice:1.0-initial").json()["data"]
        assert told["asset_id"] == ids[server.url]


def test_a_uri_that_another_one_has_is_free_here_for_the_client(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSET_CACHE", str(tmp_path / "cache"))
    (tmp_path / "file").write_bytes(b"the same")
    with Client(pair.here.url, ALICE) as client:
        for name, data in (("Free", b"the same"), ("Other", b"other bytes")):
            pair.there.upload(name, data, ALICE)
            push = partial(client.assets.push, tmp_path / "file", name=name)
            made = push(version="1.0", tag="initial")
            assert made.assets_db_id == pair.here.db_id()
            assert push(version="1.0", tag="initial") == made


def test_only_the_server_that_keeps_an_asset_changes_it(pair: Pair) -> None:
    made = pair.there.upload("Firm", b"f", ALICE).json()
    path = f"/asset/{made['asset_id']}"
    for token in (ALICE, ROOT_TOKEN):
        assert pair.here.ask("PUT", path, token, json={"asset_tags": ["x"]}).status_code == 403
        assert pair.here.ask("DELETE", path, token).status_code == 403
    assert pair.there.ask("PUT", path, ALICE, json={"asset_tags": ["x"]}).status_code == 200


def test_people_of_one_are_strangers_to_the_other(pair: Pair) -> None:
    pair.there.upload("Hidden", b"h", ALICE, visibility="private")
    pair.there.upload("Within", b"w", ALICE, visibility="internal")
    query = {"asset_name": {"$in": ["Hidden", "Within"]}}
    assert names(pair.there.find(query, token=ALICE)) == {"Hidden", "Within"}
    for token in (ALICE, ROOT_TOKEN):
        assert pair.here.find(query, token=token) == []


def test_they_share_one_registry(pair: Pair) -> None:
    entry = {
        "asset_registry_name": "a third one",
        "asset_registry_public_url": "https://assets.example.com",
    }
    made = pair.here.ask("POST", "/asset_registry", ALICE, json=entry)
    assert made.status_code == 201, made.text
    entry_id = made.json()["data"]["id"]
    assert pair.there.ask("GET", f"/asset_registry/{entry_id}").status_code == 200


def test_two_with_one_id_and_one_store_are_one_asset_database(
    postgres_server: PostgresServer, s3: S3Server, tmp_path: Path
) -> None:
    one_database = {
        "LABSET_DATABASE_URL": postgres_server.create_database(),
        "LABSET_ASSETS_TOKENS": str(write_tokens(tmp_path)),
        "LABSET_ASSETS_DB_ID": "balanced",
        "LABSET_BASE_URL": "https://assets.example.org",
        **bucket_of(s3, "balanced"),
    }
    with (
        serving(tmp_path / "left", one_database) as left,
        serving(tmp_path / "right", one_database) as right,
    ):
        made = left.upload("Balanced", b"by the left", ALICE, visibility="private").json()
        assert made["public_url"].startswith("https://assets.example.org/asset-object/")
        path = f"/asset-object/{made['asset_id']}"
        assert right.ask("GET", path, ALICE).content == b"by the left"
        assert right.ask("DELETE", f"/asset/{made['asset_id']}", ALICE).status_code == 200
        assert left.ask("GET", path, ALICE).status_code == 404
    assert not (tmp_path / "left" / "assets-db-id").exists()


def test_each_collects_only_its_own_bytes(pair: Pair, s3: S3Server) -> None:
    del s3
    for server in (pair.here, pair.there):
        asset_id = server.upload("Leaving", b"about to go", ALICE).json()["asset_id"]
        assert server.ask("DELETE", f"/asset/{asset_id}", ALICE).status_code == 200
    long_ago = datetime.now(UTC) - timedelta(days=15)
    database = Database(pair.database_url)
    with database.writing() as connection:
        connection.execute(update(asset_objects).values(unnamed_since=long_ago))
    kept = objects_of(pair.here)
    pair.here.end()
    pair.here.start()
    until(lambda: objects_of(pair.here) < kept)
    with database.reading() as connection:
        left = connection.execute(asset_objects.select()).all()
    database.close()
    assert {row.assets_db_id for row in left} == {pair.there.db_id()}
    assert pair.there.upload("Leaving", b"about to go", ALICE).status_code == 201
    assert pair.there.ask("GET", "/asset/Leaving:1.0-initial").status_code == 200


def objects_of(server: Server) -> set[Path]:
    """Return the objects in the server's own folder."""
    place = server.home / "store" / f"assets-{server.db_id()}" / "files"
    return {path for path in place.rglob("*") if path.is_file()}
