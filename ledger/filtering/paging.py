"""How much of what was found is one page: so many documents, or so many bytes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, Text, cast, func, or_, select

from ledger.database import AnyRow

MAX_PAGE_BYTES = 4 * 1024 * 1024

_FEW = 100  # documents that PostgreSQL may send at once, however large they are


def only_a_page(found: Select[Any], limit: int) -> Select[Any]:
    """Return the rows of which the documents fill a page, in the same order, and the next one.

    PostgreSQL's client holds all that it is sent, before the first row is looked at.
    """
    if limit <= _FEW:
        return found
    rows = found.subquery("found")
    octets = func.octet_length(cast(rows.c.document, Text))
    before_the_last = func.sum(octets).over(rows=(None, -2))
    page = select(rows, before_the_last.label("octets_before")).subquery("page")
    shown = (column for column in page.c if column.name != "octets_before")
    before = page.c.octets_before
    return select(*shown).where(or_(before.is_(None), before < MAX_PAGE_BYTES))


def first_page(rows: Iterable[AnyRow], limit: int) -> tuple[Sequence[AnyRow], bool]:
    """Return the rows of a page, one at least where there is one, and whether there are more.

    No more of them are read than that: a document is a burden as soon as it is.
    """
    page: list[AnyRow] = []
    octets = 0
    for row in rows:
        if len(page) == limit or octets >= MAX_PAGE_BYTES:
            return page, True
        page.append(row)
        octets += row.document.octets
    return page, False
