"""What may be shown in a browser."""

from __future__ import annotations

import pytest

from app.api.sniffing import safe_type


@pytest.mark.parametrize(
    ("head", "expected"),
    (
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"plain words\n", "text/plain; charset=utf-8"),
        ("gr\u00f6\u00dfe".encode(), "text/plain; charset=utf-8"),
        (b"<svg onload=alert(1)>", "text/plain; charset=utf-8"),
        (b"<html><script>", "text/plain; charset=utf-8"),
        (b"PK\x03\x04", None),
        (b"\x7fELF", None),
        (b"\xff\xfe\x00a", None),
        (b"", "text/plain; charset=utf-8"),
    ),
)
def test_only_safe_kinds_are_shown_and_markup_is_plain_text(
    head: bytes, expected: str | None
) -> None:
    assert safe_type(head) == expected


def test_text_that_is_cut_inside_a_character_is_still_text() -> None:
    assert safe_type("ä".encode() * 4096) is not None
    assert safe_type(b"x" + "ä".encode() * 4096) is not None
