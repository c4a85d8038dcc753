"""GitLab's pagination headers, so that GitLab's clients page through Labset too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request

from app.shell import shell
from core.model.dataset import Page

ItemT = TypeVar("ItemT")


MOST_AT_ONCE = 100  # lists that are known whole come so, unless fewer are asked for


def page_of(items: Sequence[ItemT], page: int, per_page: int) -> Page[ItemT]:
    """Return one page of a list that is known whole."""
    start = (page - 1) * per_page
    shown = tuple(items[start : start + per_page])
    return Page(shown, page, per_page, len(items), has_next=len(items) > start + per_page)


def paged(rows: Sequence[object], page: Page[ItemT]) -> Response:
    """Answer a JSON array with `X-Page`, `X-Per-Page`, `X-Total`, `X-Next-Page`, … and `Link`."""
    response = jsonify(rows)
    headers = response.headers
    headers["X-Page"] = str(page.page)
    headers["X-Per-Page"] = str(page.per_page)
    headers["X-Next-Page"] = str(page.page + 1) if page.has_next else ""
    headers["X-Prev-Page"] = str(page.page - 1) if page.page > 1 else ""
    last = None
    if page.total is not None:
        last = max(1, -(-page.total // page.per_page))
        headers["X-Total"] = str(page.total)
        headers["X-Total-Pages"] = str(last)
    headers["Link"] = _links(page, last)
    return response


def _links(page: Page[ItemT], last: int | None) -> str:
    numbers = {
        "prev": page.page - 1 if page.page > 1 else None,
        "next": page.page + 1 if page.has_next else None,
        "first": 1,
        "last": last,
    }
    return ", ".join(
        f'<{_url(number, page.per_page)}>; rel="{name}"'
        for name, number in numbers.items()
        if number is not None
    )


def _url(number: int, per_page: int) -> str:
    kept = [
        (key, value)
        for key, value in request.args.items(multi=True)
        if key not in {"page", "per_page"}
    ]
    query = urlencode([*kept, ("page", number), ("per_page", per_page)])
    return f"{shell().settings.base_url}{request.path}?{query}"
