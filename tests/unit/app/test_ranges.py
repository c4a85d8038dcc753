"""Ranges and conditions, as RFC 9110 has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.api.sending import asked_range, etag_matches, gathered
from core.errors import Damaged, RangeUnsatisfiable
from core.model.storage import ByteRange

ETAG = '"d41d8cd98f00b204e9800998ecf8427e"'
app = Flask(__name__)


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("bytes=0-9", ByteRange(0, 9)),
        ("bytes=90-", ByteRange(90, 99)),
        ("bytes=90-500", ByteRange(90, 99)),
        ("bytes=-10", ByteRange(90, 99)),
        ("bytes=-500", ByteRange(0, 99)),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=9-3", None),
        ("bytes=0-1,4-5", None),
        ("items=0-1", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1e3-", None),
        (f"bytes=0-{'9' * 6000}", ByteRange(0, 99)),
        (f"bytes=-{'9' * 6000}", ByteRange(0, 99)),
        (f"bytes={'0' * 6000}7-9", ByteRange(7, 9)),
    ),
)
def test_one_understood_range_is_served(text: str, expected: ByteRange | None) -> None:
    with app.test_request_context(headers={"Range": text}):
        assert asked_range(100, ETAG) == expected


@pytest.mark.parametrize(
    "text",
    ("bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={'9' * 20}-", f"bytes={'9' * 6000}-"),
)
def test_a_range_outside_the_file_is_refused(text: str) -> None:
    with app.test_request_context(headers={"Range": text}), pytest.raises(RangeUnsatisfiable):
        asked_range(100, ETAG)


def test_a_range_of_another_version_is_answered_in_full() -> None:
    with app.test_request_context(headers={"Range": "bytes=0-9", "If-Range": '"other"'}):
        assert asked_range(100, ETAG) is None
    with app.test_request_context(headers={"Range": "bytes=0-9", "If-Range": ETAG}):
        assert asked_range(100, ETAG) == ByteRange(0, 9)


@pytest.mark.parametrize(
    ("asked", "same"), ((ETAG, True), (f"W/{ETAG}", True), ("*", True), ('"x"', False))
)
def test_a_known_etag_needs_no_bytes(asked: str, *, same: bool) -> None:
    with app.test_request_context(headers={"If-None-Match": asked}):
        assert etag_matches(ETAG) is same


def test_what_came_before_an_error_is_sent() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"whole "
        yield b"file"
        raise Damaged("the next one is wrong")

    sent = gathered(chunks())
    assert next(sent) == b"whole file"
    with pytest.raises(Damaged):
        next(sent)
