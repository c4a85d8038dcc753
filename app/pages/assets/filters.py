"""What the address of the page of assets asks for, as one filter in MongoDB's words.

Words look for themselves in names, tags and descriptions, whatever their case; text in double quotes is one word.
Tags must all be there. A row is a field, an operator and a value; `filter` is a filter as it stands. All of it
must be true. What comes of it is what `POST /assets` takes, so that the page can show it as curl.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from app.pages.assets.typed_values import read_json_text, read_value
from core.errors import Invalid, LabsetError
from core.model.asset_documents import ASSET_SHAPE, REGISTRY_SHAPE
from core.model.filters.queries import DocumentQuery, DocumentShape, parse_query
from core.model.filters.reading import parse_filter
from core.model.json_values import JsonValue

MAX_WORDS = 8
MAX_ROWS = 20
MAX_RAW_CHARACTERS = 3_000  # they stand in an address

Filter = dict[str, JsonValue]

_WORD = re.compile(r'"([^"]+)"|(\S+)')
_SPECIAL = str.maketrans({one: f"\\{one}" for one in "\\^$.|?*+()[]{}"})
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(kB|MB|GB|TB)", re.IGNORECASE)
_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


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
class Collection:
    """What is particular about the documents that a page looks through.

    `searched` are the fields in which words are looked for, `short` the names that the builder knows for
    fields, `prefix` is where any other name is looked for, `texts` are fields that hold nothing but text,
    `numbers` those of which only numbers and sizes are asked.
    """

    shape: DocumentShape
    searched: tuple[str, ...]
    tags: str
    short: Mapping[str, str]
    own: frozenset[str]
    prefix: str
    texts: frozenset[str]
    numbers: frozenset[str] = frozenset()


ASSETS = Collection(
    shape=ASSET_SHAPE,
    searched=("asset_name", "asset_tags", "asset_metadata.description"),
    tags="asset_tags",
    short={
        "name": "asset_name",
        "version": "asset_version.version",
        "tag": "asset_version.tag",
        "tags": "asset_tags",
        "size": "asset_file_info.size",
        "format": "asset_file_info.format",
        "width": "asset_file_info.width",
        "height": "asset_file_info.height",
        "file_name": "asset_file_info.file_name",
        "md5": "asset_file_info.md5",
        "sha256": "asset_file_info.sha256",
        "url": "asset_public_url",
        "id": "asset_id",
    },
    own=frozenset(
        (
            *("asset_uri", "asset_name", "asset_id", "assets_db_id", "asset_version"),
            *("asset_metadata", "asset_public_url", "asset_file_info", "asset_tags"),
            *("visibility", "owner", "created_at", "updated_at"),
        )
    ),
    prefix="asset_metadata.",
    texts=frozenset(
        (
            *("asset_uri", "asset_name", "asset_id", "assets_db_id", "asset_tags"),
            *("asset_version.version", "asset_version.tag", "asset_public_url"),
            *("visibility", "owner", "created_at", "updated_at", "asset_file_info.file_name"),
            *("asset_file_info.format", "asset_file_info.md5", "asset_file_info.sha256"),
        )
    ),
    numbers=frozenset(("asset_file_info.size", "asset_file_info.width", "asset_file_info.height")),
)

REGISTRY = Collection(
    shape=REGISTRY_SHAPE,
    searched=(
        "asset_registry_name",
        "asset_registry_tags",
        "asset_registry_metadata.description",
        "asset_registry_public_url",
    ),
    tags="asset_registry_tags",
    short={},
    own=frozenset(),
    prefix="asset_registry_metadata.",
    texts=frozenset(),
)


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
    return {path: known.make(_Typed(row.value, path, of))}


def full_name(name: str, of: Collection = ASSETS) -> str:
    """Return the field that somebody means: ours by its name, any other one in the metadata."""
    name = name.strip()
    if name in of.short:
        return of.short[name]
    return name if name.split(".")[0] in of.own or name.startswith("$") else f"{of.prefix}{name}"


@dataclass(frozen=True, slots=True)
class _Typed:
    """A value as it was typed for a field."""

    text: str
    path: str
    of: Collection

    def one(self) -> JsonValue:
        """Return it: text where the field holds nothing else."""
        return self._read(self.text)

    def alike(self) -> JsonValue:
        """Return a condition for what equals it: a number also where it was written as text."""
        both = self._both(self.text)
        return {"$in": both} if len(both) > 1 else both[0]

    def unlike(self) -> JsonValue:
        """Return a condition for everything else."""
        both = self._both(self.text)
        return {"$nin": both} if len(both) > 1 else {"$ne": both[0]}

    def several(self) -> list[JsonValue]:
        """Return the values between commas, or those of a list in JSON."""
        if self.text.strip().startswith("["):
            value = read_json_text(self.text)
            return value if isinstance(value, list) else [value]
        parts = [part.strip() for part in self.text.split(",") if part.strip()]
        found = [one for part in parts for one in self._both(part)]
        if not found:
            raise Invalid("Give values, separated by commas.")
        return found

    def every(self) -> JsonValue:
        """Return a condition for lists that hold each of the values."""
        parts = [part.strip() for part in self.text.split(",") if part.strip()]
        return {"$all": [self._read(part) for part in parts]}

    def whole(self) -> int:
        """Return a number of elements."""
        if not (self.text.strip().isascii() and self.text.strip().isdigit()):
            raise Invalid("Give a whole number.")
        return int(self.text.strip()[:9])

    def pattern(self, start: str = "") -> JsonValue:
        """Return a condition for text that holds it, or begins with it."""
        if self.path in self.of.numbers:
            raise Invalid("It is a number and no text: ask whether it is at least or at most one.")
        return {"$regex": f"{start}{_escaped(self.text.strip())}", "$options": "i"}

    def _read(self, text: str) -> JsonValue:
        text = text.strip()
        size = _SIZE.fullmatch(text) if self.path.endswith(".size") else None
        if size:
            return round(float(size[1]) * _UNITS[size[2].lower()])
        is_quoted = text.startswith('"')
        if self.path in self.of.texts and not is_quoted:
            return text
        value = read_value(text)
        if self.path in self.of.numbers and not is_quoted and isinstance(value, str | bool):
            raise Invalid(f"{text[:60]!r} is no {self._wanted()}.")
        return value

    def _wanted(self) -> str:
        if self.path.endswith(".size"):
            return "number and no size: give one like 640 or 10 MB"
        return "number: give one like 640"

    def _both(self, text: str) -> list[JsonValue]:
        value = self._read(text)
        is_plain = isinstance(value, bool | int | float) and not _SIZE.fullmatch(text.strip())
        return [value, text.strip()] if is_plain else [value]


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison of the builder."""

    label: str
    make: Callable[[_Typed], JsonValue]
    takes_value: bool = True


OPERATORS: Mapping[str, Operator] = {
    "is": Operator("is", _Typed.alike),
    "not": Operator("is not", _Typed.unlike),
    "contains": Operator("contains the text", _Typed.pattern),
    "starts": Operator("begins with", lambda typed: typed.pattern("^")),
    "gte": Operator("is at least", lambda typed: {"$gte": typed.one()}),
    "lte": Operator("is at most", lambda typed: {"$lte": typed.one()}),
    "gt": Operator("is more than", lambda typed: {"$gt": typed.one()}),
    "lt": Operator("is less than", lambda typed: {"$lt": typed.one()}),
    "in": Operator("is one of", lambda typed: {"$in": typed.several()}),
    "nin": Operator("is none of", lambda typed: {"$nin": typed.several()}),
    "all": Operator("has all of", _Typed.every),
    "size": Operator("has so many elements", lambda typed: {"$size": typed.whole()}),
    "exists": Operator("is there", lambda _: {"$exists": True}, takes_value=False),
    "missing": Operator("is not there", lambda _: {"$exists": False}, takes_value=False),
}


def _words_filter(text: str, of: Collection) -> Filter:
    words = [quoted or plain for quoted, plain in _WORD.findall(text)]
    if len(words) > MAX_WORDS:
        raise Invalid(f"At most {MAX_WORDS} words are looked for: leave some out.")
    return joined(
        [
            {"$or": [{name: {"$regex": _escaped(word), "$options": "i"}} for name in of.searched]}
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


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)
