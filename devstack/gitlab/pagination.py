"""Pages of a list: offset pages with GitLab's headers, keyset pages with a next link only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from devstack.gitlab.errors import Refusal, invalid_parameters
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PER_PAGE = 20
MAXIMUM_PER_PAGE = 100
MOST_COUNTED_ROWS = 10_000
FARTHEST_OFFSET = 50_000
_TOO_FAR = (
    "Offset pagination has a maximum allowed offset of {} for requests that return objects of type {}."
    " Remaining records can be retrieved using keyset pagination."
)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted; `number` counts from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows come before."""
        return (self.number - 1) * self.size


def wanted_page(of: str = "") -> Page:
    """Read `page` and `per_page`; too large a page is cut to 100, without an error.

    `of`: the kind of object, where GitLab has keyset pages of it and refuses far offsets therefore.
    Raises: Refusal 400 for pages of nothing, 405 beyond the farthest offset.
    """
    given = read(Field("page", "integer"), Field("per_page", "integer"))
    number, size = given.get("page"), given.get("per_page")
    if size == 0:
        raise invalid_parameters("per_page has a value not allowed")
    page = Page(
        max(1, number or 1) if (number or 1) < 1 << 31 else 1 << 31,
        min(MAXIMUM_PER_PAGE, DEFAULT_PER_PAGE if not size or size < 1 else size),
    )
    if of and page.number * page.size > FARTHEST_OFFSET:
        raise Refusal(405, {"error": _TOO_FAR.format(FARTHEST_OFFSET, of)})
    return page


def no_keyset() -> Refusal:
    """405: there are no keyset pages in this order, or of these objects."""
    return Refusal(
        405, {"error": "Keyset pagination is not yet available for this type of request"}
    )


def paged(items: Sequence[Any], page: Page, total: int | None) -> Response:
    """Answer one page.

    `items`: those of the page; with `total` None one more than `page.size`, to tell whether a next page exists.
    """
    more = len(items) > page.size if total is None else page.offset + page.size < total
    response = jsonify(list(items[: page.size]))
    counted = None if total is None or total > MOST_COUNTED_ROWS else total
    _number_headers(response, page, more=more, total=counted)
    response.headers["Link"] = _links(page, more=more, total=counted)
    return response


def paged_list(everything: Sequence[Any], page: Page) -> Response:
    """Answer one page of a list that is wholly in hand."""
    return paged(everything[page.offset : page.offset + page.size], page, len(everything))


def keyset_page(items: Sequence[Any], size: int, cursor: dict[str, Any] | None) -> Response:
    """Answer a page whose only guide is the Link to the next one; `cursor` None means that it is the last."""
    response = jsonify(list(items))
    response.headers["X-Per-Page"] = str(size)
    if cursor is not None:
        response.headers["Link"] = (
            f'<{_address({**cursor, "per_page": size}, drop=("page",))}>; rel="next"'
        )
    return response


def _number_headers(response: Response, page: Page, *, more: bool, total: int | None) -> None:
    headers = response.headers
    headers["X-Page"] = str(page.number)
    headers["X-Per-Page"] = str(page.size)
    headers["X-Next-Page"] = str(page.number + 1) if more else ""
    headers["X-Prev-Page"] = str(page.number - 1) if page.number > 1 else ""
    if total is not None:
        headers["X-Total"] = str(total)
        headers["X-Total-Pages"] = str(last_page(total, page.size))


def last_page(total: int, size: int) -> int:
    """Return the number of pages, at least one."""
    return max(1, -(-total // size))


def _links(page: Page, *, more: bool, total: int | None) -> str:
    wanted = {}
    if page.number > 1:
        wanted["prev"] = page.number - 1
    if more:
        wanted["next"] = page.number + 1
    wanted["first"] = 1
    if total is not None:
        wanted["last"] = last_page(total, page.size)
    return ", ".join(
        f'<{_address({"page": number, "per_page": page.size})}>; rel="{name}"'
        for name, number in wanted.items()
    )


def _address(changes: dict[str, Any], drop: tuple[str, ...] = ()) -> str:
    gone = {*changes, *drop, "private_token", "access_token"}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in gone]
    path = request.environ.get("RAW_URI", request.path).partition("?")[0]
    return f"{here().external_url}{path}?{urlencode([*kept, *changes.items()])}"
