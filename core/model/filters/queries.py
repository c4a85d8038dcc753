"""What is asked of a collection of documents: a filter, an order, a page, the fields to show.

Source:  seed 001 (`POST /assets`); the rest stands in the address, as docs/assets.md tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from core.model.filters.reading import is_index, parse_filter, parse_path
from core.model.filters.tree import Condition, FieldPath
from core.model.json_values import JsonValue

MAX_PAGE_DOCUMENTS = 1_000
MAX_SORT_FIELDS = 4
MAX_SHOWN_FIELDS = 50
MAX_CURSOR_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class DocumentShape:
    """What is special about the documents of a collection.

    `id_field` names the field that no two of them share; `version_field` one whose texts are
    versions, in the order of `core.model.versions`.
    """

    id_field: str
    version_field: str = ""


@dataclass(frozen=True, slots=True)
class SortField:
    """One field to sort by."""

    path: FieldPath
    descending: bool = False


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """A page of the documents of which `condition` holds, in the order of `sort`, then of their ids.

    `fields` are those to show, all where there are none; `cursor` is where the last page ended.
    """

    condition: Condition
    sort: tuple[SortField, ...]
    limit: int = MAX_PAGE_DOCUMENTS
    cursor: str | None = None
    fields: tuple[FieldPath, ...] = ()
    shape: DocumentShape = DocumentShape("id")

    def show(self, document: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Return the document with the asked fields and its id alone."""
        if not self.fields:
            return dict(document)
        wanted = [FieldPath((self.shape.id_field,)), *self.fields]
        shown = _projected(dict(document), [path.names for path in wanted])
        return shown if isinstance(shown, dict) else {}


def parse_query(
    body: Mapping[str, JsonValue],
    *,
    sort: str = "",
    fields: str = "",
    limit: str | int | None = None,
    cursor: str | None = None,
    fields_of: DocumentShape,
) -> DocumentQuery:
    """Read a filter and what the address says beside it: `?sort=-created_at,asset_name`.

    Raises:  Invalid, TooLarge.
    """
    if cursor and len(cursor) > MAX_CURSOR_CHARACTERS:
        raise Invalid("cursor is none that Labset gave: leave it out to begin anew.")
    return DocumentQuery(
        condition=parse_filter(body),
        sort=_parse_sort(sort),
        limit=_parse_limit(limit),
        cursor=cursor or None,
        fields=_parse_fields(fields),
        shape=fields_of,
    )


def _parse_sort(text: str) -> tuple[SortField, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > MAX_SORT_FIELDS:
        raise Invalid(f"sort takes at most {MAX_SORT_FIELDS} fields.", details={"field": "sort"})
    fields = tuple(
        SortField(parse_path(word.lstrip("-+")), descending=word.startswith("-"))
        for word in words or ["-created_at"]
    )
    if any(is_index(name) for field in fields for name in field.path.names):
        raise Invalid("sort takes names, no indices of lists.", details={"field": "sort"})
    return fields


def _parse_limit(value: str | int | None) -> int:
    if value in {None, ""}:
        return MAX_PAGE_DOCUMENTS
    text = str(value)
    if not (text.isascii() and text.isdigit() and 0 < int(text[:5]) <= MAX_PAGE_DOCUMENTS):
        raise Invalid(
            f"limit is a whole number from 1 to {MAX_PAGE_DOCUMENTS:,}.", details={"field": "limit"}
        )
    return int(text[:5])


def _parse_fields(text: str) -> tuple[FieldPath, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > MAX_SHOWN_FIELDS:
        raise Invalid(f"fields takes at most {MAX_SHOWN_FIELDS}.", details={"field": "fields"})
    return tuple(map(parse_path, words))


def _projected(value: JsonValue, wanted: Sequence[tuple[str, ...]]) -> JsonValue:
    """Return what of `value` lies on the wanted paths; a list is shown element by element."""
    if any(not names for names in wanted):
        return value
    if isinstance(value, list):
        return [_projected(one, wanted) for one in value if isinstance(one, dict | list)]
    if not isinstance(value, dict):
        return {}
    shown: dict[str, JsonValue] = {}
    for key, one in value.items():
        deeper = [names[1:] for names in wanted if names[0] == key]
        if deeper and (isinstance(one, dict | list) or not all(deeper)):
            shown[key] = _projected(one, deeper)
    return shown
