"""`Content-Range` of requests: which bytes of a file a body holds."""

from __future__ import annotations

import re

from flask import request

from app.api.arguments import body_size
from core.errors import Invalid
from core.model.storage import ByteRange

_FORM = re.compile(r"bytes (?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19})", re.ASCII)


def content_range() -> tuple[ByteRange | None, int] | None:
    """Return the range and the size of the whole; no range asks how far the file is.

    None where the request has no such header.
    Raises:  Invalid.
    """
    text = request.headers.get("Content-Range")
    if text is None:
        return None
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise Invalid(
            "Content-Range has the form `bytes 0-1048575/52428800`, or `bytes */52428800` to ask.",
            details={"field": "Content-Range"},
        )
    total_bytes = int(found[3])
    if found[1] is None:
        return None, total_bytes
    byte_range = ByteRange(int(found[1]), int(found[2]))
    if not byte_range.first <= byte_range.last < total_bytes:
        raise Invalid(f"{text!a:.100} lies outside the file.", details={"field": "Content-Range"})
    if body_size() not in {None, byte_range.length_bytes}:
        raise Invalid(
            f"The body has {body_size()} bytes, its Content-Range {byte_range.length_bytes}.",
            code="wrong_size",
        )
    return byte_range, total_bytes
