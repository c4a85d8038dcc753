from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.stack import Running
from labset.download import download
from labset.errors import Conflict, Damaged, Misused, NotFound
from labset.local.cache import Cache
from labset.transport.connection import Connection
from labset.upload import upload
from tests.integration.labset.cutting import cutting
from tests.integration.labset.transfers import (
    MIB,
    Lab,
    Told,
    files_of,
    fill,
    inside,
    md5_of,
)

SIZES = {"a.bin": 0, "b/one.bin": 1, "b/two.bin": 70_000, "b/c/mid.bin": 3 * MIB, "t.txt": 300}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABSET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def lab(stack: Running) -> Iterator[Lab]:
    with Connection(stack.ready["app_url"], stack.token) as connection:
        yield Lab(stack, connection)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "src", SIZES)


@pytest.mark.parametrize("kind", ("s3", "local"))
def test_what_is_uploaded_comes_back_the_same(
    lab: Lab, folder: Path, tmp_path: Path, kind: str
) -> None:
    fill(folder, {"large.bin": 21 * MIB})
    dataset, told = lab.new_dataset(lab.site(kind)), Told()
    done = upload(lab.connection, dataset, [inside(folder)], watch=told)
    assert (done.new, done.changed, done.identical) == (6, 0, 0)
    assert (told.files, told.bytes) == told.wanted
    told = Told()
    got = download(lab.connection, dataset, output=tmp_path / "out", watch=told)
    assert (got.commit, got.files, got.from_cache) == (done.commit, 6, 0)
    assert (told.files, told.bytes) == told.wanted
    assert files_of(tmp_path / "out") == files_of(folder)


def test_only_what_differs_is_sent_and_nothing_makes_no_commit(lab: Lab, folder: Path) -> None:
    dataset, told = lab.new_dataset(), Told()
    first = upload(lab.connection, dataset, [inside(folder)], to="set")
    again = upload(lab.connection, dataset, [inside(folder)], to="set", watch=told)
    assert (again.commit, again.commits, again.identical) == (first.commit, (), 5)
    assert told.said == ["0 new, 0 changed, 5 identical"]
    fill(folder, {"new.bin": 10})
    (folder / "t.txt").write_bytes(b"other")
    third = upload(lab.connection, dataset, [inside(folder)], to="set", message="Third")
    assert (third.new, third.changed, third.identical, third.bytes) == (1, 1, 4, 15)
    (newest, *_) = lab.connection.get_json(f"datasets/{dataset}/commits")
    assert (newest["commit"], newest["title"]) == (third.commit, "Third")


def test_a_branch_that_is_not_there_yet_begins_at_the_default_branch(
    lab: Lab, folder: Path
) -> None:
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [inside(folder)])
    fill(folder, {"new.bin": 10})
    done = upload(lab.connection, dataset, [inside(folder)], branch="more")
    assert (done.new, done.identical) == (1, 5)
    refs = lab.connection.get_json(f"datasets/{dataset}/refs")
    tips = {one["name"]: one["commit"] for one in refs["branches"]}
    assert tips["more"] == done.commit != tips["main"]


def test_equal_files_travel_once_in_both_directions(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    for name in ("one.bin", "two.bin", "x/three.bin"):
        fill(folder, {name: 2 * MIB})
    dataset, told = lab.new_dataset(), Told()
    upload(lab.connection, dataset, [inside(folder)], watch=told)
    assert (told.files, told.bytes) == told.wanted == (3, 6 * MIB)
    download(lab.connection, dataset, output=tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(folder)


def test_links_are_skipped_odd_names_are_told_and_the_rest_is_uploaded(
    lab: Lab, folder: Path
) -> None:
    (folder / "link").symlink_to(folder / "a.bin")
    os.mkfifo(folder / "pipe")
    fill(folder, {"aux.bin": 3})
    told = Told()
    done = upload(lab.connection, lab.new_dataset(), [inside(folder)], watch=told)
    assert done.new == 6
    assert set(done.skipped) == {str(folder / "link"), str(folder / "pipe")}
    assert any("Windows cannot hold" in text and "aux.bin" in text for text in told.said)


def test_nothing_to_upload_is_said(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Misused, match="nothing to upload"):
        upload(lab.connection, lab.new_dataset(), [tmp_path / "empty"])


@pytest.mark.parametrize("size", (1_000, 3 * MIB))
def test_a_file_that_changes_while_it_is_uploaded_is_refused_by_name(
    lab: Lab, tmp_path: Path, size: int
) -> None:
    fill(tmp_path / "src", {"still.bin": 10, "busy.bin": size})
    busy = tmp_path / "src/busy.bin"

    class Writer(Told):
        def say(self, text: str) -> None:
            if "new" in text:  # after hashing, before the bytes travel
                busy.write_bytes(b"x" * size)

    dataset = lab.new_dataset()
    with pytest.raises(Conflict, match=r"busy\.bin changed") as caught:
        upload(lab.connection, dataset, [tmp_path / "src"], watch=Writer())
    assert caught.value.details["local"] == str(busy)
    assert len(lab.connection.get_json(f"datasets/{dataset}/commits")) == 1  # the binding
    assert upload(lab.connection, dataset, [tmp_path / "src"]).new == 2


def test_bytes_that_the_site_lost_are_sent_again_when_that_is_asked_for(
    lab: Lab, tmp_path: Path
) -> None:
    fill(tmp_path / "src", {"x.bin": 2 * MIB})
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [tmp_path / "src"])
    lab.spoil(md5_of((tmp_path / "src/x.bin").read_bytes()), b"short")
    with pytest.raises(Damaged):
        download(lab.connection, dataset, output=tmp_path / "out")
    upload(lab.connection, dataset, [tmp_path / "src"], repair=True)
    download(lab.connection, dataset, output=tmp_path / "out")
    assert files_of(tmp_path / "out/src") == files_of(tmp_path / "src")


def test_a_path_a_folder_a_name_and_a_pattern_choose(
    lab: Lab, folder: Path, tmp_path: Path
) -> None:
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [inside(folder)])

    def got(*wanted: str) -> list[str]:
        out = tmp_path / f"out{random.random()}"
        download(lab.connection, dataset, wanted=wanted, output=out)
        return sorted(files_of(out))

    assert got("/b/one.bin", "b/one.bin") == ["b/one.bin"]
    assert got("mid.bin") == ["b/c/mid.bin"]
    assert got("mid.bin", "b/two.bin", "t.txt") == ["b/c/mid.bin", "b/two.bin", "t.txt"]
    assert got("b/") == ["b/c/mid.bin", "b/one.bin", "b/two.bin"]
    assert got("*.txt", "b/c") == ["b/c/mid.bin", "t.txt"]
    with pytest.raises(NotFound) as caught:
        got("t.txt", "gone.bin")
    assert caught.value.details["missing"] == ["gone.bin"]


def test_a_ref_is_pinned_once_and_another_pulls_another_state(
    lab: Lab, folder: Path, tmp_path: Path
) -> None:
    dataset = lab.new_dataset()
    first = upload(lab.connection, dataset, [inside(folder)])
    lab.connection.send(
        "POST", f"datasets/{dataset}/tags", json={"name": "v1", "ref": "main", "message": "one"}
    )
    (folder / "t.txt").write_bytes(b"second")
    second = upload(lab.connection, dataset, [inside(folder)])
    for ref, commit in (("v1", first.commit), (first.commit, first.commit), (None, second.commit)):
        got = download(lab.connection, dataset, ref=ref, wanted=["t.txt"], output=tmp_path / "out")
        assert got.commit == commit
    assert (tmp_path / "out/t.txt").read_bytes() == b"second"
    with pytest.raises(NotFound):
        download(lab.connection, dataset, ref="no-such", output=tmp_path / "out")


def test_what_is_there_and_right_is_not_fetched_again_and_the_rest_is_replaced(
    lab: Lab, folder: Path, tmp_path: Path
) -> None:
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [inside(folder)])
    download(lab.connection, dataset, output=tmp_path / "out")
    (tmp_path / "out/b/two.bin").write_bytes(b"edited")
    (tmp_path / "out/b/c/mid.bin").unlink()
    kept = (tmp_path / "out/t.txt").stat().st_ino
    got = download(lab.connection, dataset, output=tmp_path / "out")
    assert (got.files, got.unchanged) == (5, 3)
    assert (tmp_path / "out/t.txt").stat().st_ino == kept
    assert files_of(tmp_path / "out") == files_of(folder)


def test_the_cache_serves_a_second_project_and_cannot_be_spoilt_by_an_edit(
    lab: Lab, folder: Path, tmp_path: Path
) -> None:
    fill(folder, {"large.bin": 20 * MIB})
    dataset, cache = lab.new_dataset(), Cache(tmp_path / "cache")
    upload(lab.connection, dataset, [inside(folder)])
    download(lab.connection, dataset, output=tmp_path / "one", cache=cache)
    for name in ("b/two.bin", "large.bin"):
        path = tmp_path / "one" / name
        path.chmod(0o644)
        path.write_bytes(b"edited in place")
    got = download(lab.connection, dataset, output=tmp_path / "two", cache=cache)
    assert got.from_cache >= 5
    assert files_of(tmp_path / "two") == files_of(folder)
    again = download(lab.connection, dataset, output=tmp_path / "three", cache=cache)
    assert again.from_cache == 6
    assert files_of(tmp_path / "three") == files_of(folder)


@pytest.mark.parametrize("size", (50_000, 2 * MIB))
def test_a_damaged_object_leaves_no_file_under_its_name_and_all_others_are_there(
    lab: Lab, folder: Path, tmp_path: Path, size: int
) -> None:
    fill(folder, {"bad.bin": size}, seed=2)
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [inside(folder)])
    data = (folder / "bad.bin").read_bytes()
    lab.spoil(md5_of(data), data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Damaged, match=r"bad\.bin") as caught:
        download(lab.connection, dataset, output=tmp_path / "out")
    assert caught.value.exit_code == 6
    assert caught.value.details["paths"] == ["bad.bin"]
    expected = files_of(folder)
    del expected["bad.bin"]
    assert files_of(tmp_path / "out") == expected


def test_links_in_the_output_folder_are_not_followed(
    lab: Lab, folder: Path, tmp_path: Path
) -> None:
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [inside(folder)])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict, match="is a link"):
        download(lab.connection, dataset, output=tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_site_that_does_not_answer_is_avoided_in_both_directions(
    lab: Lab, tmp_path: Path
) -> None:
    folder = fill(tmp_path / "src", {"a.bin": 2 * MIB, "b.bin": 70 * MIB})
    dataset, told = lab.new_dataset(lab.wired_site("http://127.0.0.1:9")), Told()
    upload(lab.connection, dataset, [inside(folder)], watch=told)
    assert any("bytes go through Labset" in text for text in told.said)
    download(lab.connection, dataset, output=tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(folder)


@pytest.mark.parametrize("seed", range(2))
def test_connections_to_labset_may_be_cut_anywhere(lab: Lab, tmp_path: Path, seed: int) -> None:
    sizes = {f"{number:03}.bin": 30_000 for number in range(300)}
    folder = fill(tmp_path / "src", {**sizes, "mid.bin": 20 * MIB})
    dataset = lab.new_dataset(lab.site("local"))
    for direction in ("up", "down"):
        target = lab.connection.server
        with cutting(target, cuts=10, most_bytes=4 * MIB, seed=seed) as wire:
            with Connection(wire.url, lab.connection.token) as connection:
                connection.get_json("user")
                if direction == "up":
                    upload(connection, dataset, [inside(folder)])
                else:
                    download(connection, dataset, output=tmp_path / "out")
            assert wire.left < 10
    assert files_of(tmp_path / "out") == files_of(folder)


@pytest.mark.parametrize("seed", range(2))
def test_connections_to_the_site_may_be_cut_anywhere(lab: Lab, tmp_path: Path, seed: int) -> None:
    folder = fill(tmp_path / "src", {"a.bin": 5 * MIB, "b.bin": 9 * MIB, "parts.bin": 70 * MIB})
    endpoint = lab.running.ready["s3"]["endpoint"]
    with cutting(endpoint, cuts=0, most_bytes=6 * MIB, seed=seed) as wire:
        dataset = lab.new_dataset(lab.wired_site(wire.url))
        wire.left = 12
        upload(lab.connection, dataset, [inside(folder)])
        assert wire.left < 12
        wire.left = 12
        download(lab.connection, dataset, output=tmp_path / "out")
        assert wire.left == 0
    assert files_of(tmp_path / "out") == files_of(folder)


def test_two_at_once_bring_the_same_files_to_the_same_folder(
    lab: Lab, folder: Path, tmp_path: Path
) -> None:
    fill(folder, {"large.bin": 30 * MIB})
    dataset = lab.new_dataset()
    upload(lab.connection, dataset, [inside(folder)])
    failures: list[BaseException] = []

    def pull() -> None:
        try:
            with Connection(lab.connection.server, lab.connection.token) as connection:
                download(connection, dataset, output=tmp_path / "out")
        except BaseException as failure:  # noqa: BLE001 - its thread has nobody to tell
            failures.append(failure)

    threads = [threading.Thread(target=pull) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert files_of(tmp_path / "out") == files_of(folder)


def test_a_session_that_another_process_began_is_gone_on_with(
    lab: Lab, folder: Path, own_cache: Path
) -> None:
    dataset = lab.new_dataset()

    class Quitter(Told):
        def advance(self, files: int = 0, bytes_: int = 0) -> None:
            super().advance(files, bytes_)
            if self.wanted[0] and self.files:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(lab.connection, dataset, [inside(folder)], watch=Quitter())
    (kept,) = (own_cache / "state/uploads").glob("*.json")
    session = json.loads(kept.read_text())["session"]
    told = Told()
    done = upload(lab.connection, dataset, [inside(folder)], watch=told)
    assert any("begun before" in text for text in told.said)
    shown = lab.connection.get_json(f"datasets/{dataset}/uploads/{session}")
    assert shown["commit"] == done.commit
    assert not kept.exists()
