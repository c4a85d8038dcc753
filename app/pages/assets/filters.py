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
from http import HTTPStatus

from app.errors import status_of
from app.pages.assets.comparisons import OPERATORS, Typed, escaped
from app.pages.assets.searched_fields import ASSETS, Collection, full_name
from app.pages.assets.typed_values import read_json_text
from core.errors import Invalid, LabsetError, Unauthenticated
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

    `of_rows` are the problems of single lines, by their places; `error` is what was refused first.
    """

    filter: Filter = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    of_rows: dict[int, str] = field(default_factory=dict)
    error: LabsetError | None = None

    @property
    def status(self) -> HTTPStatus:
        """The status of the page that shows this."""
        return HTTPStatus.OK if self.error is None else status_of(self.error)

    def refuse(self, cause: str, error: LabsetError) -> None:
        """Keep why nothing is found.

        Raises:  the error itself, where signing in is what helps.
        """
        if isinstance(error, Unauthenticated):
            raise error
        self.error = self.error or error
        self.problems[cause] = error.message

    def query(
        self, asked: Asked, of: Collection, *, limit: int, cursor: str
    ) -> DocumentQuery | None:
        """Return what to ask the ledger; None where something of it is wrong, which is kept."""
        try:
            query = parse_query(
                self.filter, sort=asked.sort, limit=limit, cursor=cursor, fields_of=of.shape
            )
        except LabsetError as error:
            self.refuse("sort" if error.details.get("field") == "sort" else "search", error)
            return None
        return None if self.problems else query


def make_filter(asked: Asked, of: Collection = ASSETS) -> Made:
    """Return one filter for all that was asked; where a part of it is wrong, it says why and is left out."""
    tags: Filter = {of.tags: list(asked.tags)} if asked.tags else {}
    words, words_error = _tried(lambda: _words_filter(asked.search, of))
    raw, raw_error = _tried(lambda: _raw_filter(asked.raw))
    tried = [_tried(partial(row_filter, row, of)) for row in asked.rows[:MAX_ROWS]]
    made = Made(joined([words, tags, *(part for part, _ in tried), raw]))
    rows_error: LabsetError | None = None
    for place, (row, (_, error)) in enumerate(zip(asked.rows, tried, strict=False)):
        if error is not None:
            told = f"{row.field[:60]}: {error.message}" if row.field else error.message
            made.of_rows[place] = told
            rows_error = rows_error or Invalid(told)
    if len(asked.rows) > MAX_ROWS:
        rows_error = Invalid(f"At most {MAX_ROWS} lines are asked for: leave some out.")
    for cause, refused in (("search", words_error), ("rows", rows_error), ("filter", raw_error)):
        if refused is not None:
            made.refuse(cause, refused)
    return made


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


def _tried(make: Callable[[], Filter]) -> tuple[Filter, LabsetError | None]:
    """Return a part of the filter, or an empty one and what is wrong with it."""
    try:
        part = make()
        parse_filter(part)
    except LabsetError as error:
        return {}, error
    return part, None


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
