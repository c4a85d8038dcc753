"""Pages of GitLab's lists: what an answer holds, and how to ask for the next one.

Servers differ: some give fewer rows to a page than asked, count nothing, tell the next page by a
`Link` alone (keyset), by `X-Next-Page` alone, or, behind a proxy that drops headers, not at all.
Source:  GitLab's documentation of pagination; GITLAB.md PAGE-1 … PAGE-7, COMM-15.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import gitlab
import requests
from gitlab.exceptions import GitlabParsingError

from gitlab_bridge.fields import Payload

_API = "/api/v4"


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of GitLab's rows.

    `total` is None where GitLab does not count. `following` is the query of the next page, None at
    the end, a guess where the server tells nothing. `per_page` is how many rows it gives to a page
    (None: it does not say), which may be less than was asked; then it counts other pages than ours.
    """

    items: tuple[Payload, ...]
    total: int | None
    following: Payload | None
    per_page: int | None

    @property
    def has_next(self) -> bool:
        """Whether there is another page."""
        return self.following is not None


def ask_page(connection: gitlab.Gitlab, path: str, query: Payload) -> Rows:
    """GET one page; the query says which.

    Raises:  python-gitlab's errors; GitlabParsingError, for what is no list of objects.
    """
    response = connection.http_request("get", path, query_data=dict(query))
    items = _items(response)
    links = _links(response, path)
    told = response.headers.get("X-Next-Page")
    per_page = _count(response.headers.get("X-Per-Page"))
    for link in links.values():
        per_page = per_page or _count(link.get("per_page"))
    total = _count(response.headers.get("X-Total"))
    if "next" in links:
        return Rows(items, total, links["next"], per_page)
    if told is not None or "Link" in response.headers or query.get("pagination") == "keyset":
        number = _count(told)
        following = {**query, "page": number} if number else None
        return Rows(items, total, following, per_page)
    following = {**query, "page": int(query.get("page", 1)) + 1} if items else None
    return Rows(items, total, following, per_page)


def walk_pages(connection: gitlab.Gitlab, path: str, query: Payload) -> Iterator[Payload]:
    """Yield the rows of all pages.

    Raises:  as `ask_page`; GitlabParsingError, if the pages lead in a circle.
    """
    asked: Payload | None = query
    seen: set[frozenset[tuple[str, str]]] = set()
    before: tuple[Payload, ...] = ()
    while asked is not None:
        mark = frozenset((key, str(value)) for key, value in asked.items())
        if mark in seen:
            raise GitlabParsingError("The pages of a list lead in a circle")
        seen.add(mark)
        rows = ask_page(connection, path, asked)
        if rows.items and rows.items == before:  # the server knows no pages: that was all
            return
        yield from rows.items
        before, asked = rows.items, rows.following


def _items(response: requests.Response) -> tuple[Payload, ...]:
    try:
        rows = response.json()
    except ValueError as error:
        raise GitlabParsingError("The answer is not JSON") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise GitlabParsingError("The answer is not a list of objects")
    return tuple(rows)


def _links(response: requests.Response, path: str) -> Mapping[str, Mapping[str, str]]:
    """Return the queries of the linked pages; where they lead, the way there stays our own."""
    found: dict[str, Mapping[str, str]] = {}
    for name, link in response.links.items():
        parts = urlsplit(link.get("url", ""))
        if name == "next" and not parts.path.endswith(f"{_API}{path}"):
            raise GitlabParsingError("The next page of a list is another list")
        found[name] = dict(parse_qsl(parts.query, keep_blank_values=True))
    return found


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004 - digits
