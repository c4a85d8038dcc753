from __future__ import annotations

import pytest
from flask import Flask

from app.api.content_range import content_range
from core.errors import Invalid
from core.model.storage import ByteRange


def read(app: Flask, text: str | None, body: bytes = b"") -> tuple[ByteRange | None, int] | None:
    headers = {} if text is None else {"Content-Range": text}
    with app.test_request_context("/", method="PUT", headers=headers, data=body):
        return content_range()


def test_a_piece_is_told_with_the_size_of_the_whole(app: Flask) -> None:
    assert read(app, "bytes 5-9/20", b"x" * 5) == (ByteRange(5, 9), 20)


def test_a_star_asks_how_far_the_file_is(app: Flask) -> None:
    assert read(app, "bytes */20") == (None, 20)


def test_without_the_header_the_body_is_the_whole(app: Flask) -> None:
    assert read(app, None, b"x") is None


@pytest.mark.parametrize(
    "text",
    (
        "",
        "bytes 5-9",
        "bytes 5-9/*",
        "bytes -5/20",
        "bytes 9-5/20",
        "bytes 5-20/20",
        "items 5-9/20",
        "bytes 5-9/20, 10-11/20",
        f"bytes 5-9/{10**20}",
    ),
)
def test_what_is_no_range_is_refused(app: Flask, text: str) -> None:
    with pytest.raises(Invalid):
        read(app, text, b"x" * 5)


def test_a_body_of_another_length_is_refused(app: Flask) -> None:
    with pytest.raises(Invalid) as refused:
        read(app, "bytes 5-9/20", b"x" * 4)
    assert refused.value.code == "wrong_size"
