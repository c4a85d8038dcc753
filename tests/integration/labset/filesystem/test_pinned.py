"""What is read is what one commit holds, whatever happens meanwhile, and in whatever process."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from labset import LabsetFileSystem
from tests.integration.labset.filesystem.people import FilesOf, md5_of


def test_a_branch_that_moves_mixes_nothing(
    files_of: FilesOf, new_dataset: Callable[[], int], put: Callable[..., str]
) -> None:
    number = new_dataset()
    first = put(number, "a.txt", b"first")
    files = files_of()
    assert files.info(f"{number}/a.txt")["commit"] == first
    with files.open(f"{number}/a.txt") as file:
        second = put(number, "a.txt", b"second")
        put(number, "b.txt", b"new")
        copied = pickle.loads(pickle.dumps(file))  # noqa: S301 - our own
        assert file.read() == copied.read() == b"first"
    assert files.cat(f"{number}/a.txt") == b"first"
    assert not files.exists(f"{number}/b.txt")
    assert [one["commit"] for one in files.ls(str(number))] == [first]
    assert files.cat(f"{number}@{second}/a.txt") == b"second"
    kept = files.pinned(f"{number}/a.txt")
    files.invalidate_cache()
    assert files.cat(f"{number}/a.txt") == b"second"
    assert files.exists(f"{number}/b.txt")
    assert files.cat(kept) == b"first"


def test_a_copy_in_another_process_means_the_same_commits(
    files_of: FilesOf, new_dataset: Callable[[], int], put: Callable[..., str]
) -> None:
    number = new_dataset()
    first = put(number, "a.txt", b"first")
    files = files_of()
    files.info(str(number))
    put(number, "a.txt", b"second")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_read, (files, f"{number}/a.txt")) == b"first"
    assert files_of().cat(f"{number}/a.txt") == b"second"
    copied = pickle.loads(pickle.dumps(files))  # noqa: S301 - our own
    assert copied.info(str(number))["commit"] == first


def test_a_forked_process_reads_on_by_connections_of_its_own(
    files: LabsetFileSystem, large: bytes, large_place: Mapping[str, str]
) -> None:
    with files.open(large_place["s3"]) as file:
        assert file.read(2_000_000) == large[:2_000_000]
        context = multiprocessing.get_context("fork")
        mine, theirs = context.Pipe()
        child = context.Process(target=_read_on, args=(file, theirs))
        child.start()
        assert file.read(9_000_000) == large[2_000_000:11_000_000]
        assert mine.poll(60)
        assert mine.recv() == md5_of(large[2_000_000:])
        child.join(30)


def _read(files: LabsetFileSystem, path: str) -> bytes:
    return bytes(files.cat_file(path))


def _read_on(file: Any, answer: Any) -> None:  # noqa: ANN401 - fsspec and multiprocessing ship no types
    answer.send(md5_of(file.read()))


def test_sums_are_those_of_the_bytes(
    files: LabsetFileSystem, large: bytes, large_place: Mapping[str, str]
) -> None:
    place = large_place["s3"]
    assert files.ukey(place) == md5_of(large)
    assert files.checksum(place) == int(files.ukey(place), 16)
    assert files.checksum(place.partition("/")[0]) != files.checksum(place)
