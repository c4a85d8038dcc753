"""`Client.assets` and `Client.registry` against small servers with the seed's routes."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from labset import Client
from labset.errors import Conflict, Damaged, LabsetError, Misused, NotAllowed, NotFound, Unreachable
from tests.integration.labset.assets.seed_server import SeedServer

BYTES = bytes(range(256)) * 5000  # more than one block
ODD = 'a/b:ü %2F"? #1'


def push(
    client: Client,
    folder: Path,
    data: bytes = BYTES,
    *,
    version: str = "1.0",
    tag: str = "initial",
) -> str:
    path = folder / "model.bin"
    path.write_bytes(data)
    return client.assets.push(path, version=version, tag=tag).uri


def test_a_file_is_sent_found_and_got_again(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    path = tmp_path / 'a "quoted" ü.bin'
    path.write_bytes(BYTES)
    made = visitor.assets.push(
        path, name=ODD, version="1.0", tag="x y", metadata={"width": 640}, tags=["a", "b"]
    )
    assert made.uri == f"{ODD}:1.0-x y"
    assert (made.size, made.md5) == (len(BYTES), hashlib.md5(BYTES).hexdigest())  # noqa: S324 - as told
    assert (made.metadata, made.tags) == ({"width": 640}, ("a", "b"))
    assert visitor.assets.info(made.id) == visitor.assets.info(made.uri) == made
    got = visitor.assets.download(made.uri, tmp_path / "got.bin")
    assert got.path.read_bytes() == BYTES
    assert got.checked_by == ("sha256",)
    assert not list(tmp_path.glob("*.part*"))
    assert {token for _, _, token in database.asked} == {None}


def test_the_same_file_once_more_is_the_same_asset_and_sends_nothing(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    first = push(visitor, tmp_path)
    assert push(visitor, tmp_path) == first
    assert len(database.asked_for("POST", "/upload_asset")) == 1


@pytest.mark.parametrize("data", (BYTES + b"!", BYTES[:-1] + b"!"))
def test_another_file_under_the_same_uri_is_refused_before_it_is_sent(
    visitor: Client, database: SeedServer, tmp_path: Path, data: bytes
) -> None:
    push(visitor, tmp_path)
    with pytest.raises(Conflict) as caught:
        push(visitor, tmp_path, data)
    assert caught.value.code == "asset_exists"
    assert len(database.asked_for("POST", "/upload_asset")) == 1


def test_what_the_site_has_lost_is_sent_again(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    push(visitor, tmp_path)
    database.objects.clear()
    with pytest.raises(Conflict):  # this server does not take it back
        push(visitor, tmp_path)
    assert len(database.asked_for("POST", "/upload_asset")) == 2


def test_an_answer_that_never_came_is_looked_for(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    database.broken_uploads = 1
    assert push(visitor, tmp_path) == "model.bin:1.0-initial"
    assert len(database.asked_for("POST", "/upload_asset")) == 1


@pytest.mark.parametrize(("version", "tag"), (("", "a"), ("1", " ")))
def test_an_upload_without_version_or_tag_is_refused_here(
    visitor: Client, database: SeedServer, tmp_path: Path, version: str, tag: str
) -> None:
    with pytest.raises(Misused, match="Both version and tag are required in asset_version"):
        push(visitor, tmp_path, version=version, tag=tag)
    assert database.asked == []


def test_what_is_no_file_is_refused(visitor: Client, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(Misused):
            visitor.assets.push(path, version="1", tag="a")


def test_a_download_goes_on_where_the_connection_broke(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    uri = push(visitor, tmp_path)
    database.cuts = [100_000, 700_000, 1]
    assert visitor.assets.download(uri, tmp_path / "got").path.read_bytes() == BYTES
    target = io.BytesIO()
    database.cuts = [100_000]
    visitor.assets.copy(uri, target)
    assert target.getvalue() == BYTES


def test_another_process_goes_on_with_a_part(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    asset = visitor.assets.info(push(visitor, tmp_path))
    (tmp_path / "got.part").write_bytes(BYTES[:500_000])
    (tmp_path / "got.part.json").write_text(f'{{"etag": "sha256:{asset.sha256}"}}')
    database.cuts = [len(BYTES) - 500_000]
    assert visitor.assets.download(asset.uri, tmp_path / "got").path.read_bytes() == BYTES
    assert len(database.asked_for("GET", "/asset-object/")) == 1


def test_a_part_that_was_damaged_is_fetched_anew(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    asset = visitor.assets.info(push(visitor, tmp_path))
    (tmp_path / "got.part").write_bytes(b"?" * 500_000)
    (tmp_path / "got.part.json").write_text(f'{{"etag": "sha256:{asset.sha256}"}}')
    assert visitor.assets.download(asset.uri, tmp_path / "got").path.read_bytes() == BYTES
    assert len(database.asked_for("GET", "/asset-object/")) == 2


def test_damaged_bytes_get_no_name(visitor: Client, database: SeedServer, tmp_path: Path) -> None:
    asset = visitor.assets.info(push(visitor, tmp_path))
    database.objects[asset.id] = BYTES[:-1] + b"!"
    with pytest.raises(Damaged, match="sha256"):
        visitor.assets.download(asset.uri, tmp_path / "got")
    database.objects[asset.id] = BYTES[:-1]
    with pytest.raises(Damaged, match="announced"):
        visitor.assets.copy(asset.uri, io.BytesIO())
    assert not list(tmp_path.glob("got*"))


def test_a_file_that_is_here_and_right_is_not_fetched(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    uri = push(visitor, tmp_path)
    visitor.assets.download(uri, tmp_path / "got")
    again = visitor.assets.download(uri, tmp_path / "got")
    assert again.unchanged
    assert len(database.asked_for("GET", "/asset-object/")) == 1


def test_a_name_that_the_asset_chose_replaces_nothing(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    asset = visitor.assets.info(push(visitor, tmp_path))
    database.entries[asset.id]["asset_file_info"]["file_name"] = "../../.profile"
    folder = tmp_path / "folder"
    folder.mkdir()
    assert visitor.assets.download(asset.uri, folder).path == folder / "profile"
    (folder / "profile").write_bytes(b"mine")
    with pytest.raises(Conflict, match="--output"):
        visitor.assets.download(asset.uri, folder)
    assert (folder / "profile").read_bytes() == b"mine"


def test_bytes_elsewhere_are_fetched_there_without_the_token(tmp_path: Path) -> None:
    here, there = SeedServer(token="secret"), SeedServer()
    try:
        with Client(there.url) as visitor, Client(here.url, "secret") as client:
            asset = visitor.assets.info(push(visitor, tmp_path))
            linked = client.assets.add("linked", public_url=asset.public_url)
            assert linked.key == linked.id
            client.assets.download(linked.id, tmp_path / "got")
            kept = client.assets.info(push(client, tmp_path))
            here.redirect = asset.public_url
            client.assets.download(kept.id, tmp_path / "redirected")
        assert (tmp_path / "got").read_bytes() == BYTES
        assert (tmp_path / "redirected").read_bytes() == BYTES
        assert {token for _, _, token in there.asked} == {None}
    finally:
        here.stop()
        there.stop()


@pytest.mark.parametrize("goal", ("file:///etc/passwd", "ftp://127.0.0.1/a", "http://["))
def test_a_redirect_to_what_is_no_web_address_is_not_followed(
    visitor: Client, database: SeedServer, tmp_path: Path, goal: str
) -> None:
    uri = push(visitor, tmp_path)
    database.redirect = goal
    with pytest.raises(LabsetError, match="not safe"):
        visitor.assets.download(uri, tmp_path / "got")


def test_an_entry_without_a_file_says_so(visitor: Client, tmp_path: Path) -> None:
    made = visitor.assets.add("words only", metadata={"description": "nothing else"})
    with pytest.raises(NotFound, match="has no file"):
        visitor.assets.download(made.id, tmp_path / "got")


def test_a_file_is_open_for_reading_anywhere_in_it(
    visitor: Client, database: SeedServer, tmp_path: Path
) -> None:
    uri = push(visitor, tmp_path)
    with visitor.assets.open(uri) as file:
        assert file.read(3) == BYTES[:3]
        file.seek(700_001)
        assert file.read(300_000) == BYTES[700_001:1_000_001]
        file.seek(-5, io.SEEK_END)
        assert file.read() == BYTES[-5:]
        file.seek(10)
        database.cuts = [50]
        assert file.read(400_000) == BYTES[10:400_010]
    with pytest.raises(FileNotFoundError):
        visitor.assets.open(visitor.assets.add("words").id)


def test_entries_are_found_by_words_tags_metadata_and_filters(visitor: Client) -> None:
    visitor.assets.add("ResNet (50)", tags=["image", "net"], metadata={"width": 224, "by": "A"})
    visitor.assets.add("Unet", tags=["image"], metadata={"width": "224", "by": "B"})
    found = visitor.assets.find
    assert [one.name for one in found("net IMAGE")] == ["ResNet (50)", "Unet"]
    assert [one.name for one in found("(50)")] == ["ResNet (50)"]
    assert [one.name for one in found(tags=["image", "net"])] == ["ResNet (50)"]
    assert [one.name for one in found(tags="image", metadata={"by": "B"})] == ["Unet"]
    assert len(list(found(metadata={"width": "224"}))) == 2
    assert len(list(found(metadata={"width": 224}))) == 2
    assert [one.name for one in found(filter={"asset_metadata.by": {"$ne": "A"}})] == ["Unet"]
    assert list(found("nothing like it")) == []


def test_pages_are_read_to_the_end_or_as_far_as_is_asked(
    visitor: Client, database: SeedServer
) -> None:
    database.page = 3
    for number in range(8):
        visitor.assets.add(f"asset {number}")
    assert len(list(visitor.assets.find())) == 8
    assert len(list(visitor.assets.find(limit=4, sort="asset_name", mine=True))) == 4
    assert database.asked_for("POST", "/assets")[-2:] == [
        "/assets?mine=1&sort=asset_name&limit=4",
        "/assets?mine=1&sort=asset_name&limit=1&cursor=3",
    ]


def test_other_databases_are_asked_and_those_without_an_answer_named(visitor: Client) -> None:
    visitor.assets.add("far", tags=["x"])
    answers = visitor.assets.find_elsewhere(tags="x")
    assert [one.registry_id for one in answers.assets] == ["r1"]
    assert [(one.name, one.ok, one.problem) for one in answers.asked] == [
        ("One", True, ""),
        ("Two", False, "too slow"),
    ]


def test_what_is_said_is_changed_and_the_rest_stays(visitor: Client, database: SeedServer) -> None:
    made = visitor.assets.add("a", tags=["old"], metadata={"k": 1})
    changed = visitor.assets.change(made.id, tags=["new"])
    assert (changed.tags, changed.metadata) == (("new",), {"k": 1})
    database.conflicts = 2
    revised = visitor.assets.revise(made.id, lambda known: [*known, "more"])
    assert revised.tags == ("new", "meanwhile", "meanwhile", "more")
    database.conflicts = 9
    with pytest.raises(Conflict):
        visitor.assets.revise(made.id, lambda _: [])


def test_an_entry_is_deleted(visitor: Client) -> None:
    made = visitor.assets.add("a")
    visitor.assets.delete(made.id)
    with pytest.raises(NotFound):
        visitor.assets.info(made.id)
    with pytest.raises(NotFound):
        visitor.assets.delete(made.id)


def test_a_file_of_a_dataset_is_registered(visitor: Client, database: SeedServer) -> None:
    made = visitor.assets.register(7, "/dir/a.bin", ref="v1", version="2")
    said = {"asset_version": {"version": "2"}, "path": "dir/a.bin", "ref": "v1"}
    assert database.bodies[-1] == said
    assert made.size == len(b"of a dataset")


def test_nobody_may_write_without_the_token(tmp_path: Path) -> None:
    database = SeedServer(token="secret")
    try:
        with Client(database.url) as client, pytest.raises(NotAllowed, match="send a token"):
            push(client, tmp_path)
    finally:
        database.stop()


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable):
        push(client, tmp_path)


def test_a_key_that_would_lead_elsewhere_is_refused(visitor: Client) -> None:
    for key in ("", "..", "."):
        with pytest.raises(Misused):
            visitor.assets.info(key)


@pytest.mark.parametrize("answer", (b"<html>", b"{}", b"[]", b'{"success": false}'))
def test_what_is_no_asset_database_is_told_so(
    visitor: Client, database: SeedServer, answer: bytes
) -> None:
    database.nonsense = answer
    with pytest.raises(LabsetError, match=r"asset database|refuses"):
        list(visitor.assets.find())


def test_a_registered_database_is_looked_after(visitor: Client) -> None:
    made = visitor.registry.add(
        "https://db.test", "One", tags=["a"], metadata={"framework": "PyTorch"}
    )
    assert made.health is not None
    assert made.health.ok
    unwell = visitor.registry.add("https://db.test/unwell", "Two")
    assert visitor.registry.info(unwell.id).health is not None
    assert [one.name for one in visitor.registry.find("one")] == ["One"]
    assert [one.name for one in visitor.registry.find(metadata={"framework": "PyTorch"})] == ["One"]
    assert visitor.registry.check(made.id).health.ok
    checked = visitor.registry.check(unwell.id)
    assert (checked.health.ok, checked.health.problem, len(checked.history)) == (
        False,
        "no answer",
        1,
    )
    assert visitor.registry.change(made.id, name="Uno", tags=[]).name == "Uno"
    visitor.registry.delete(made.id)
    with pytest.raises(NotFound):
        visitor.registry.info(made.id)
