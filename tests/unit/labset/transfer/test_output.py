from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from labset.download.finishing import Finisher, explained
from labset.download.output import Output
from labset.errors import Conflict, LabsetError, Misused
from labset.local.cache import Cache
from labset.local.hash_cache import HashCache
from labset.manifest import Row


def row(path: str, data: bytes = b"abc") -> Row:
    return Row(path, hashlib.md5(data, usedforsecurity=False).hexdigest(), len(data))


@pytest.fixture
def hashes(tmp_path: Path) -> HashCache:
    return HashCache(tmp_path / "hashes")


@pytest.mark.parametrize(
    "path", ("../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a/.", "a\0b", ".labset/x")
)
def test_paths_that_would_leave_the_folder_are_refused(tmp_path: Path, path: str) -> None:
    output = Output(tmp_path / "out")
    with pytest.raises(Misused):
        output.place(path)
    with pytest.raises(Misused):
        output.find(path)


def test_links_inside_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").symlink_to(outside)
    output = Output(tmp_path / "out")
    for path in ("a/x", "a/b/x"):
        with pytest.raises(Conflict, match="is a link"):
            output.place(path)
    assert list(outside.iterdir()) == []


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    assert Output(tmp_path / "out").place("a/x").parent.is_dir()
    assert (tmp_path / "real/a").is_dir()


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    output = Output(tmp_path / "out")
    (tmp_path / "out/a").write_bytes(b"mine")
    with pytest.raises(Conflict, match="no folder"):
        output.place("a/x")
    assert (tmp_path / "out/a").read_bytes() == b"mine"


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path, hashes: HashCache) -> None:
    output = Output(tmp_path / "out")
    (tmp_path / "out/a").mkdir()
    with pytest.raises(Conflict, match="is a folder"):
        output.find("a")
    with pytest.raises(Conflict):
        Finisher(output, None, hashes).write(row("a"), b"abc")
    hashes.close()


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(
    tmp_path: Path, hashes: HashCache
) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    output = Output(tmp_path / "out")
    (tmp_path / "out/a").symlink_to(tmp_path / "theirs")
    finisher = Finisher(output, None, hashes)
    assert not finisher.has(row("a"))
    finisher.write(row("a"), b"abc")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert (tmp_path / "out/a").read_bytes() == b"abc"
    assert not (tmp_path / "out/a").is_symlink()
    hashes.close()


def test_what_is_there_is_judged_by_its_bytes(tmp_path: Path, hashes: HashCache) -> None:
    finisher = Finisher(Output(tmp_path / "out"), None, hashes)
    assert not finisher.has(row("a/x"))
    finisher.write(row("a/x"), b"abc")
    assert finisher.has(row("a/x"))
    assert not finisher.has(row("a/x", b"xyz"))
    assert not finisher.has(row("a/x", b"longer"))
    hashes.close()


def test_nothing_is_left_of_a_download_but_its_files(tmp_path: Path, hashes: HashCache) -> None:
    output = Output(tmp_path / "out")
    Finisher(output, None, hashes).write(row("a/x"), b"abc")
    output.tidy()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    hashes.close()


def test_a_full_disk_is_told_in_words_and_leaves_no_half_file() -> None:
    with pytest.raises(LabsetError, match="disk is full") as caught, explained("a/x"):
        raise OSError(28, "No space left on device")
    assert caught.value.code == "disk_full"


def test_a_file_in_the_place_of_the_folder_to_fill_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    for root in ("out", "out/below"):
        with pytest.raises(Misused, match="is no folder"):
            Output(tmp_path / root)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, hashes: HashCache) -> None:
    (tmp_path / "cache").write_bytes(b"no folder")
    output = Output(tmp_path / "out")
    finisher = Finisher(output, Cache(tmp_path / "cache"), hashes)
    finisher.write(row("small"), b"abc")
    finisher.keep(row("small"), b"abc")
    output.unfinished("x").write_bytes(b"abc")
    finisher.move(row("large"), output.unfinished("x"))
    assert (tmp_path / "out/small").read_bytes() == (tmp_path / "out/large").read_bytes() == b"abc"
    hashes.close()


def test_what_cannot_fit_is_refused_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(LabsetError, match="room") as caught:
        Output(tmp_path / "out").check_room(10**18)
    assert caught.value.code == "disk_full"


def test_what_a_killed_process_left_is_deleted_but_not_what_another_is_at(tmp_path: Path) -> None:
    killed, other, mine = (Output(tmp_path / "out") for _ in range(3))
    for output in (killed, other, mine):
        output.fresh().write_bytes(b"half")
    os.close(killed._presence._file if killed._presence else -1)  # as its end does
    mine.tidy()
    kept = sorted(path.suffix for path in (tmp_path / "out/.labset").iterdir())
    assert len(kept) == 3  # the other's file and presence, and mine, which I would have moved
    other.fresh().write_bytes(b"still at work")
    other.tidy()


def test_who_comes_while_another_tidies_up_makes_the_folder_anew(tmp_path: Path) -> None:
    first, second = Output(tmp_path / "out"), Output(tmp_path / "out")
    first.fresh()
    second.find("x")
    first.tidy()
    assert not (tmp_path / "out/.labset").exists()
    second.fresh().write_bytes(b"x")
