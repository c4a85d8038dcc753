"""What the address of the page of assets asks for, as one filter in MongoDB's words.

Words look for themselves in names, tags and descriptions, whatever their case; text in double quotes is one word.
Tags must all be there. A row is a field, an operator and a value; `filter` is a filter as it stands. All of it
must be true. What comes of it is what `POST /assets` takes, so that the page can show it as curl.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from app.pages.assets.comparisons import OPERATORS, Typed, escaped
from app.pages.assets.searched_fields import ASSETS, Collection, full_name
from app.pages.assets.typed_values import read_json_text
from core.errors import Invalid, LabsetError
from core.model.filters.queries import DocumentQuery, parse_query
from core.model.filters.reading import parse_filter
from core.model.json_values import JsonValue

MAX_WORDS = 8
MAX_ROWS = 20
MAX_RAW_CHARACTERS = 3_000  # they stand in an address

Filter = dict[str, JsonValue]

_WORD = re.compile(r'"([^"]+)"|(\S+)')


class Scope(StrEnum):
    """Where to look: `here` is this database alone, where several share their records."""

    ALL = "all"
    MINE = "mine"
    HERE = "here"
    THIRD_PARTY = "third-party"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the filter builder, as it was typed."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in the address."""

    search: str = ""
    tags: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    raw: str = ""
    sort: str = ""
    scope: Scope = Scope.ALL

    def arguments(self, **changes: object) -> dict[str, object]:
        """Return the address's arguments with some of them changed; None leaves one out."""
        scope = None if self.scope is Scope.ALL else self.scope.value
        known: dict[str, object] = {
            "scope": scope,
            "search": self.search,
            "tag": list(self.tags),
            "field": [row.field for row in self.rows],
            "op": [row.operator for row in self.rows],
            "value": [row.value for row in self.rows],
            "filter": self.raw,
            "sort": self.sort,
        }
        return {name: value for name, value in (known | changes).items() if value}

    @property
    def narrows(self) -> bool:
        """Whether less than all is asked for."""
        return bool(self.search or self.tags or self.rows or self.raw)


@dataclass(slots=True)
class Made:
    """The filter that was made; problems by what caused them: `search`, `rows`, `filter`, `sort`.

    `of_rows` are the problems of single lines, by their places.
    """

    filter: Filter = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    of_rows: dict[int, str] = field(default_factory=dict)

    def query(self, asked: Asked, of: Collection, *, limit: int, cursor: str) -> DocumentQuery:
        """Return what to ask the ledger; for a bad order the usual one, and its problem."""
        try:
            return parse_query(
                self.filter, sort=asked.sort, limit=limit, cursor=cursor, fields_of=of.shape
            )
        except LabsetError as error:
            self.problems["sort" if "sort" in error.message else "search"] = error.message
            return parse_query({}, limit=limit, fields_of=of.shape)


def make_filter(asked: Asked, of: Collection = ASSETS) -> Made:
    """Return one filter for all that was asked; where a part of it is wrong, it says why and is left out."""
    tags: Filter = {of.tags: list(asked.tags)} if asked.tags else {}
    words, words_problem = _tried(lambda: _words_filter(asked.search, of))
    raw, raw_problem = _tried(lambda: _raw_filter(asked.raw))
    tried = [_tried(partial(row_filter, row, of)) for row in asked.rows[:MAX_ROWS]]
    of_rows = {
        place: f"{row.field[:60]}: {problem}" if row.field else problem
        for place, (row, (_, problem)) in enumerate(zip(asked.rows, tried, strict=False))
        if problem
    }
    rows_problem = next(iter(of_rows.values()), "")
    if len(asked.rows) > MAX_ROWS:
        rows_problem = f"At most {MAX_ROWS} lines are asked for: leave some out."
    told = {"search": words_problem, "rows": rows_problem, "filter": raw_problem}
    return Made(
        joined([words, tags, *(part for part, _ in tried), raw]),
        {cause: problem for cause, problem in told.items() if problem},
        of_rows,
    )


def row_filter(row: Row, of: Collection = ASSETS) -> Filter:
    """Return what one line of the builder means.

    Raises:  Invalid, in words that name no field.
    """
    if not row.field:
        raise Invalid(f"The value {row.value[:60]!r} has no field: name one, like width.")
    path = full_name(row.field, of)
    known = OPERATORS.get(row.operator)
    if known is None:
        raise Invalid(f"{row.operator[:40]!r} is none of the comparisons.")
    if known.takes_value and not row.value.strip():
        raise Invalid('Give a value; "" is empty text.')
    return {path: known.make(Typed(row.value, path, of))}


def _words_filter(text: str, of: Collection) -> Filter:
    words = [quoted or plain for quoted, plain in _WORD.findall(text)]
    if len(words) > MAX_WORDS:
        raise Invalid(f"At most {MAX_WORDS} words are looked for: leave some out.")
    return joined(
        [
            {"$or": [{name: {"$regex": escaped(word), "$options": "i"}} for name in of.searched]}
            for word in words
        ]
    )


def _tried(make: Callable[[], Filter]) -> tuple[Filter, str]:
    """Return a part of the filter, or an empty one and what is wrong with it."""
    try:
        part = make()
        parse_filter(part)
    except LabsetError as error:
        return {}, error.message
    return part, ""


def _raw_filter(text: str) -> Filter:
    if not text.strip():
        return {}
    if len(text) > MAX_RAW_CHARACTERS:
        raise Invalid(
            f"At most {MAX_RAW_CHARACTERS:,} characters fit here: send a longer filter by curl."
        )
    value = read_json_text(text)
    if not isinstance(value, dict):
        raise Invalid('A filter is an object like {"asset_tags": "sample"}.')
    return value


def joined(parts: list[Filter]) -> Filter:
    """Return what is true where all of them are, as short as it can be said."""
    said = [part for part in parts if part]
    names = [name for part in said for name in part]
    if len(set(names)) == len(names):
        return {name: value for part in said for name, value in part.items()}
    return {"$and": list(said)}
