"""Addresses that are no text: refused before a replacement character could name something."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from flask import Flask, request
from werkzeug.routing import BaseConverter

from core.errors import Invalid


class Whole(BaseConverter):
    """All that is left of an address, as it was before it was percent-encoded, `/` at its beginning too."""

    part_isolating = False
    regex = ".+"
    weight = 300


def register_url_check(app: Flask) -> None:
    """Refuse every request to `app` whose path or query is not UTF-8."""
    app.before_request(_check)


def _check() -> None:
    path = request.environ.get("PATH_INFO", "").encode("latin-1")  # as WSGI carries it (PEP 3333)
    query = request.query_string
    if path.isascii() and b"%" not in query:
        return
    try:
        path.decode()
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError as error:
        raise Invalid("The address is not UTF-8: percent-encode the bytes of UTF-8.") from error
