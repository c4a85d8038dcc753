from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labset.cli.output import counted, human_size, print_json, print_rows
from labset.cli.progress import Count
from labset.model import Archived, Release


@pytest.mark.parametrize(
    ("size", "text"),
    (
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_809_403, "1.8 MB"),
        (5 * 10**18, "5000.0 PB"),
    ),
)
def test_a_size_is_told_in_decimal_units(size: int, text: str) -> None:
    assert human_size(size) == text


def test_one_is_not_many() -> None:
    assert (counted(1, "file"), counted(1200, "file")) == ("1 file", "1,200 files")


def test_values_become_json(capsys: pytest.CaptureFixture[str]) -> None:
    release = Release("v1", "0" * 40, "first", datetime(2026, 11, 21, tzinfo=UTC))
    print_json({"releases": [release], "file": Archived("0" * 40, Path("a.tar"), 3)})
    told = json.loads(capsys.readouterr().out)
    assert told["releases"][0]["released_at"] == "2026-11-21T00:00:00+00:00"
    assert told["file"]["path"] == "a.tar"


def test_columns_in_a_pipe_are_separated_by_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([("1", "a b"), ("20", "c")])
    assert capsys.readouterr().out == "1\ta b\n20\tc\n"


def test_progress_tells_how_far_and_how_long() -> None:
    count = Count("Upload", 10, 1_000_000)
    count.add(5, 500_000)
    assert count.on_the_way().startswith("Upload: 5 of 10 files, 500.0 kB of 1.0 MB, ")
    assert "/s, " in count.on_the_way()
    assert count.on_the_way().endswith(" s left")
    assert count.at_the_end().startswith("Upload: 5 files, 500.0 kB in ")


def test_nothing_done_has_no_rate() -> None:
    assert Count("Upload", 10, 0).on_the_way() == "Upload: 0 of 10 files"
