"""Questions to an asset database or registry: filters in MongoDB's words, answered page by page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labset.assets.answers import ask_body, rows_in
from labset.transport.connection import Connection

Json = Mapping[str, Any]

_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
_MOST_OF_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Words:
    """The fields of a document that words, tags and metadata are looked up in."""

    words: Sequence[str]
    tags: str
    metadata: str


ASSET_WORDS = Words(
    ("asset_name", "asset_uri", "asset_tags", "asset_metadata.description"),
    "asset_tags",
    "asset_metadata",
)
REGISTRY_WORDS = Words(
    (
        "asset_registry_name",
        "asset_registry_public_url",
        "asset_registry_tags",
        "asset_registry_metadata.description",
    ),
    "asset_registry_tags",
    "asset_registry_metadata",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A filter, and how its answers come; `limit` None asks for all. `params` are the server's own."""

    filter: Json
    sort: Sequence[str] = ()
    limit: int | None = None
    fields: Sequence[str] = ()
    params: Mapping[str, str] = field(default_factory=dict)


def make_filter(
    fields: Words,
    words: str = "",
    tags: Sequence[str] = (),
    metadata: Json | None = None,
    more: Json | None = None,
) -> Json:
    """Return the filter of which all is true: each word somewhere, each tag, each value, and `more`.

    Metadata by dotted paths; a number, or a text that reads as one, is found as text and as number.
    """
    clauses: list[Json] = [_word_clause(fields, word) for word in words.split()]
    if tags:
        clauses.append({fields.tags: {"$all": list(tags)}})
    for path, value in (metadata or {}).items():
        clauses.append({f"{fields.metadata}.{path}": _value_clause(value)})
    if more:
        clauses.append(more)
    if len(clauses) > 1:
        return {"$and": clauses}
    return clauses[0] if clauses else {}


def ask_rows(connection: Connection, path: str, question: Question) -> Iterator[Json]:
    """Yield the documents that match, page after page; a server without pages gives all at once."""
    left, cursor = question.limit, ""
    while left is None or left > 0:
        body = ask_page(connection, path, question, left, cursor)
        rows = rows_in(body)
        yield from rows if left is None else rows[:left]
        left = None if left is None else left - len(rows)
        cursor = str(body.get("next") or "")
        if not cursor:
            return


def ask_page(
    connection: Connection,
    path: str,
    question: Question,
    at_most: int | None = None,
    cursor: str = "",
) -> Json:
    """Return the body with one page."""
    asked = {
        **question.params,
        "sort": ",".join(question.sort) or None,
        "fields": ",".join(question.fields) or None,
        "limit": min(at_most, _MOST_OF_A_PAGE) if at_most else None,
        "cursor": cursor or None,
    }
    return ask_body(
        connection, "POST", path, json=dict(question.filter), params=asked, repeatable=True
    )


def _word_clause(fields: Words, word: str) -> Json:
    pattern = {"$regex": _SPECIAL.sub(r"\\\g<0>", word), "$options": "i"}
    return {"$or": [{name: pattern} for name in fields.words]}


def _value_clause(value: object) -> object:
    """Return what a value is compared with: as it is, and as the other kind that reads the same."""
    other = _other_kind(value)
    return value if other is None else {"$in": [value, other]}


def _other_kind(value: object) -> object:
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if not isinstance(value, str):
        return None
    try:
        read = json.loads(value)
    except ValueError:
        return None
    is_finite = not isinstance(read, float) or abs(read) < float("inf")  # nor NaN, which is no JSON
    return read if isinstance(read, bool | int | float) and is_finite else None
