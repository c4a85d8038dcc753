from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.pages.formats import (
    ago,
    answer_time,
    capital,
    counted,
    exact_size,
    exact_time,
    in_path,
    milliseconds,
    pretty_json,
    short,
    size,
)
from core.model.names import Md5, Revision
from core.model.storage import CheckStep, SiteHealth

NOW = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    (
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_234, "1.2 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (82_400, "82 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (73_400_320, "73 MB"),
        (1_200_000_000, "1.2 GB"),
        (5 * 1024**4, "5.5 TB"),
        (10**20, "100000 PB"),
        (None, "–"),
    ),
)
def test_a_size_has_two_figures_and_a_decimal_unit(size_bytes: int | None, said: str) -> None:
    assert size(size_bytes) == said


def test_the_exact_size_stands_beside_it() -> None:
    assert exact_size(73_400_320) == "73,400,320 bytes"
    assert exact_size(1) == "1 byte"
    assert exact_size(None) == ""


@pytest.mark.parametrize(
    ("age", "said"),
    (
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=3, hours=5), "3 d ago"),
        (timedelta(days=30), "21 Jul 2026"),
    ),
)
def test_an_age_is_said_in_one_unit_and_becomes_a_date(age: timedelta, said: str) -> None:
    assert ago(NOW - age, NOW) == said


def test_the_exact_time_is_in_utc() -> None:
    zoned = NOW.astimezone(datetime.now().astimezone().tzinfo)
    assert exact_time(zoned) == "2026-08-20 12:00:00 UTC"


def test_counting_minds_the_plural() -> None:
    assert [counted(number, "file") for number in (0, 1, 2_000)] == [
        "0 files",
        "1 file",
        "2,000 files",
    ]


def test_hashes_are_cut_to_eight_digits() -> None:
    assert short(Revision("0123456789" * 4)) == "01234567"
    assert short(Md5("ab" * 16, is_directory=True)) == "abababab"


@pytest.mark.parametrize(
    ("seconds", "said"), ((0.0004, "0 ms"), (0.041, "41 ms"), (1.25, "1.2 s"), (12, "12.0 s"))
)
def test_durations_are_milliseconds_until_they_are_seconds(seconds: float, said: str) -> None:
    assert milliseconds(seconds) == said


def test_a_site_answers_as_fast_as_the_middle_step_of_its_check() -> None:
    steps = tuple(
        CheckStep(name, ok=True, seconds=spent)
        for name, spent in zip("abc", (1, 0.02, 0.04), strict=True)
    )
    assert answer_time(SiteHealth(ok=True, checked_at=NOW, steps=steps)) == 0.04
    assert answer_time(SiteHealth(ok=True, checked_at=NOW)) is None


def test_paths_keep_their_slashes_in_an_address() -> None:
    assert in_path("a b/ü?.jpg") == "a%20b/%C3%BC%3F.jpg"


def test_json_is_laid_out_as_it_was_said() -> None:
    assert pretty_json({"b": "it's <ä>", "a": [1]}) == (
        '{\n  "b": "it\'s <ä>",\n  "a": [\n    1\n  ]\n}'
    )


@pytest.mark.parametrize(
    ("sentence", "said"),
    (
        ("only its owner may change it", "Only its owner may change it"),
        ("lab/vitvi is archived", "lab/vitvi is archived"),
        ("10.0.0.1 is not on the internet", "10.0.0.1 is not on the internet"),
        ("", ""),
    ),
)
def test_a_sentence_begins_with_a_capital_unless_a_path_begins_it(sentence: str, said: str) -> None:
    assert capital(sentence) == said
