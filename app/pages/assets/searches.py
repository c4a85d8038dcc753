"""What the pages of assets and of the registry have in common: the address that is asked, and the answer to it."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from itertools import zip_longest

from flask import make_response, request
from flask.typing import ResponseReturnValue

from app.pages.assets.filters import MAX_ROWS, Asked, Made, Row, Scope


def is_fragment() -> bool:
    """Whether the page's script asks for a part of it."""
    asked = request.headers
    return asked.get("HX-Request") == "true" and "HX-History-Restore-Request" not in asked


def read_asked() -> tuple[Asked, bool]:
    """Return what the address asks for, and whether it says so without anything idle.

    `without` is the number of a line that goes, for whoever has no script.
    """
    given = request.args
    lines = list(
        zip_longest(
            given.getlist("field"), given.getlist("op"), given.getlist("value"), fillvalue=""
        )
    )
    with suppress(ValueError, IndexError):
        del lines[int(given["without"]) if "without" in given else len(lines)]
    del lines[MAX_ROWS + 1 :]
    rows = tuple(
        Row(field.strip(), operator or "is", value.strip())
        for field, operator, value in lines
        if field.strip() or value.strip()
    )
    scope = Scope.ALL
    with suppress(ValueError):
        scope = Scope(given.get("scope", ""))
    asked = Asked(
        search=given.get("search", "").strip(),
        tags=tuple(dict.fromkeys(tag for tag in given.getlist("tag") if tag)),
        rows=rows,
        raw=given.get("filter", "").strip(),
        sort=given.get("sort", "").strip(),
        scope=scope,
    )
    is_tidy = "without" not in given and all(
        value for name, value in given.items(multi=True) if name not in {"field", "op", "value"}
    )
    return asked, is_tidy and len(rows) == len(lines)


def answer_search(page: str, made: Made, address: str) -> ResponseReturnValue:
    """Answer with a page; a part of it tells the browser the address that it is found at.

    The page's script is told 200 whatever is wrong, since it shows nothing else.
    """
    response = make_response(page, HTTPStatus.OK if is_fragment() else made.status)
    response.headers["Vary"] = "HX-Request"
    if is_fragment():
        response.headers["HX-Push-Url"] = address
    return response
