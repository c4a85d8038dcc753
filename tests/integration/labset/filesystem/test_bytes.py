"""Bytes from anywhere in files."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pytest

from labset import LabsetFileSystem
from tests.integration.labset.filesystem.counting import counted_way
from tests.integration.labset.filesystem.people import FilesOf, md5_of


@pytest.mark.parametrize(
    ("start", "end"),
    (
        *((None, None), (0, 10), (5, None), (None, 7), (-5, None), (None, -3), (-9, -2), (3, 3)),
        *((9, 2), (20_999_990, 30_000_000), (30_000_000, 30_000_001), (10_000_000, 13_000_000)),
    ),
)
@pytest.mark.parametrize("kind", ("s3", "local"))
def test_parts_are_counted_as_slices_are(
    files: LabsetFileSystem,
    large: bytes,
    large_place: Mapping[str, str],
    kind: str,
    start: int | None,
    end: int | None,
) -> None:
    assert files.cat_file(large_place[kind], start, end) == large[start:end]


@pytest.mark.parametrize("kind", ("s3", "local"))
def test_reading_anywhere_in_a_file_gives_its_bytes(
    files: LabsetFileSystem, large: bytes, large_place: Mapping[str, str], kind: str
) -> None:
    dice = random.Random(7)
    with files.open(large_place[kind], "rb", block_size=2_000_000) as file:
        for _ in range(150):
            start = dice.choice((file.tell(), file.tell(), dice.randrange(21_000_000)))
            size = dice.choice((1, 100, 70_000, 1_000_000))
            file.seek(start)
            assert file.read(size) == large[start : start + size]


def test_a_walk_through_a_file_asks_for_each_byte_once(
    files: LabsetFileSystem, large: bytes, large_place: Mapping[str, str]
) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    with files.open(large_place["s3"], "rb") as file:
        while block := file.read(300_000):
            digest.update(block)
        assert file.cache.total_requested_bytes == len(large)
    assert digest.hexdigest() == md5_of(large)


def test_many_parts_come_together(
    files: LabsetFileSystem, large: bytes, large_place: Mapping[str, str]
) -> None:
    place = large_place["s3"]
    starts: list[int | None] = [number * 500_000 for number in range(40)]
    ends: list[int | None] = [number * 500_000 + 1000 for number in range(40)]
    found = files.cat_ranges([place] * 40, starts, ends)
    assert found == [large[start:end] for start, end in zip(starts, ends, strict=True)]
    found = files.cat_ranges([place, f"{place}.nothing"], 0, 5)
    assert found[0] == large[:5]
    assert isinstance(found[1], FileNotFoundError)


def test_many_files_come_together(files: LabsetFileSystem, demo: Mapping[str, Any]) -> None:
    place = f"{demo['dataset_id']}@{demo['tag']}/dataset/annotations"
    found = files.cat(place, recursive=True)
    assert isinstance(found, dict)
    assert len(found) == 200
    assert all(body.startswith(b"<annotation") for body in found.values())
    first = next(iter(found))
    with pytest.raises(FileNotFoundError):
        files.cat([f"{place}/nothing.xml", first])
    assert len(files.cat([f"{place}/nothing.xml", first], on_error="omit")) == 1


def test_threads_share_one_file_system(files: LabsetFileSystem, demo: Mapping[str, Any]) -> None:
    paths = files.glob(f"{demo['dataset_id']}@{demo['tag']}/dataset/VITVI/*")

    def is_right(path: str) -> bool:
        with files.open(path) as file:
            return bool(md5_of(file.read()) == files.info(path)["md5"])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(is_right, paths))


def test_lines_are_read_one_by_one(
    files: LabsetFileSystem, new_dataset: Callable[[], int], put: Callable[..., str]
) -> None:
    lines = [f"{number},{'x' * (number % 50)}\n" for number in range(20_000)]
    number = new_dataset()
    put(number, "table.csv", "".join(lines).encode())
    with files.open(f"{number}/table.csv", "r") as text:
        assert list(text) == lines
    with files.open(f"{number}/table.csv", "rb") as file:
        assert [line.decode() for line in file] == lines
        file.seek(0)
        assert file.readline(3) == b"0,\n"
        assert file.readline(1) == b"1"


def test_an_empty_file_is_empty(
    files: LabsetFileSystem, new_dataset: Callable[[], int], put: Callable[..., str], tmp_path: Path
) -> None:
    number = new_dataset()
    put(number, "empty.bin", b"")
    with files.open(f"{number}/empty.bin") as file:
        assert file.read() == b""
    files.get_file(f"{number}/empty.bin", str(tmp_path / "empty"))
    assert (tmp_path / "empty").read_bytes() == b""


def test_a_broken_connection_is_no_end(
    files_of: FilesOf, app_url: str, large: bytes, large_place: Mapping[str, str], tmp_path: Path
) -> None:
    with counted_way(app_url) as way:
        files = files_of(server=way.url)
        way.cuts_left = 3
        files.get_file(large_place["local"], str(tmp_path / "copy"))
        assert way.cuts == 3
    assert (tmp_path / "copy").read_bytes() == large


def test_copies_tell_their_progress(
    files: LabsetFileSystem, large_place: Mapping[str, str], large: bytes, tmp_path: Path
) -> None:
    callback = fsspec.callbacks.Callback()
    with (tmp_path / "open").open("wb") as file:
        files.get_file(large_place["s3"], outfile=file, callback=callback)
    assert (callback.size, callback.value) == (len(large), len(large))
    assert (tmp_path / "open").read_bytes() == large
