"""The seed's original, which tells less and otherwise than Labset: the same commands work there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from labset import Client
from labset.errors import Conflict, LabsetError, NotFound
from tests.integration.labset.assets.seed_server import SeedServer
from tests.integration.labset.conftest import Typist


@pytest.fixture
def client(original: SeedServer) -> Iterator[Client]:
    with Client(original.url) as made:
        yield made


def test_a_file_goes_there_and_back(client: Client, original: SeedServer, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"1234" * 1000)
    made = client.assets.push(tmp_path / "a.bin", version="1.0", tag="x", tags=["t"])
    assert set(original.bodies[-1]) == {  # type: ignore[call-overload]
        *("asset_name", "asset_version", "asset_metadata", "asset_tags"),
    }
    original.cuts = [100]  # no ranges there: what is here already is skipped
    done = client.assets.download(made.uri, tmp_path / "got")
    assert done.path.read_bytes() == b"1234" * 1000
    assert done.checked_by == ()


def test_a_uri_is_looked_for_among_its_own_entries(
    client: Client, original: SeedServer, tmp_path: Path
) -> None:
    (tmp_path / "a.bin").write_bytes(b"1234")
    client.assets.push(tmp_path / "a.bin", version="1.0", tag="x")
    assert original.asked_for("POST", "/")[0] == "/assets?mine=1&limit=1"
    [known] = original.entries.values()
    known["asset_file_info"] = {"size": 5}
    with pytest.raises(Conflict, match="with other bytes"):
        client.assets.push(tmp_path / "a.bin", version="1.0", tag="x")


def test_an_entry_without_a_uri_is_told_as_far_as_it_is_known(client: Client) -> None:
    made = client.assets.add("external", public_url="https://files.test/a.bin", tags=["t"])
    assert (made.name, made.uri, made.public_url) == ("external", "", "https://files.test/a.bin")
    assert made.id
    assert [one.id for one in client.assets.find(tags="t", limit=1)] == [made.id]


def test_what_it_refuses_is_told_in_its_words(client: Client, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no asset a:1-b\."):
        client.assets.info("a:1-b")
    client.assets.add("a", version="1", tag="b")
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(LabsetError, match=r"a:1-b is there already\."):
        client.assets.push(tmp_path / "a", version="1", tag="b")


def test_its_registry_is_read(client: Client) -> None:
    made = client.registry.add("https://db.test", "One")
    assert (made.name, made.health) == ("One", None)
    assert client.registry.check(made.id).health.ok
    with pytest.raises(LabsetError, match="asset DB not found"):
        client.registry.check("nowhere")


def test_its_answers_are_listed(anyone: Typist, original: SeedServer) -> None:
    for number in range(3):
        told = ("push", "--external", f"https://files.test/{number}", "--tags", "a,b")
        assert anyone.run("assets", *told, "--server", original.url).code == 0
    found = anyone.run("assets", "find", "--tags", "b", "-n", "2", "--server", original.url)
    assert len(found.out.splitlines()) == 2
    assert "--all-pages" in found.err
    missing = anyone.run("assets", "info", "no:1-x", "--json", "--server", original.url)
    assert missing.code == 4
    assert json.loads(missing.err)["message"] == "There is no asset no:1-x."
