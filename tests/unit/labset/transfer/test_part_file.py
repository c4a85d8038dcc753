from __future__ import annotations

import hashlib
import random
import secrets
from contextlib import closing
from pathlib import Path

import pytest

from labset.download import part_file
from labset.download.part_file import PartFile
from labset.manifest import Row

SIZE = 10_500
DATA = secrets.token_bytes(SIZE)
ROW = Row("large", hashlib.md5(DATA, usedforsecurity=False).hexdigest(), SIZE)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_file, "SEGMENT_BYTES", 1_000)
    monkeypatch.setattr(part_file, "_NOTED_BYTES", 100)


def fill(part: PartFile, number: int, data: bytes = DATA, *, most: int = 10**9) -> None:
    with closing(part.open_segment(number)) as segment:
        while segment.position < segment.end and most > 0:
            end = min(segment.end, segment.position + 130, segment.position + most)
            most -= end - segment.position
            segment.write(memoryview(data[segment.position : end]))
    part.hash_on(wait=False)


@pytest.mark.parametrize("seed", range(5))
def test_segments_may_arrive_in_any_order(tmp_path: Path, seed: int) -> None:
    part = PartFile(tmp_path / "x.part", ROW)
    numbers = part.missing()
    random.Random(seed).shuffle(numbers)
    for number in numbers:
        fill(part, number)
    assert part.is_right()
    assert part.path.read_bytes() == DATA


def test_another_process_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    first = PartFile(tmp_path / "x.part", ROW)
    for number in (0, 3):
        fill(first, number)
    fill(first, 5, most=520)
    second = PartFile(tmp_path / "x.part", ROW)
    assert second.arrived == 2_520
    assert second.missing() == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    for number in second.missing():
        fill(second, number)
    assert second.is_right()


def test_wrong_bytes_are_noticed_wherever_they_are(tmp_path: Path) -> None:
    for at in (0, 5_000, SIZE - 1):
        spoilt = bytearray(DATA)
        spoilt[at] ^= 1
        part = PartFile(tmp_path / f"{at}.part", ROW)
        for number in part.missing():
            fill(part, number, bytes(spoilt))
        assert not part.is_right()


@pytest.mark.parametrize("note", ("", "{", "[]", '{"size": 3}', '{"size": 10500, "have": 1}'))
def test_a_note_that_means_nothing_begins_anew(tmp_path: Path, note: str) -> None:
    fill(PartFile(tmp_path / "x.part", ROW), 0)
    (tmp_path / "x.json").write_text(note, encoding="utf-8")
    part = PartFile(tmp_path / "x.part", ROW)
    assert part.arrived == 0


def test_a_note_without_its_bytes_begins_anew(tmp_path: Path) -> None:
    fill(PartFile(tmp_path / "x.part", ROW), 0)
    (tmp_path / "x.part").unlink()
    assert PartFile(tmp_path / "x.part", ROW).arrived == 0
