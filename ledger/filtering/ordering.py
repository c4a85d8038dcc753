"""The order of a page, and the cursor that says where the last one ended.

A field that has a column is sorted by it; any other by a key of bytes, made of the first value on
its path: nothing and null, then numbers, text (its first 100 characters, by code points), objects,
lists, false and true.
Source:  MongoDB's order of types; PostgreSQL makes the same keys by `labset_sort_key` (migration 0004).
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Integer, and_, literal, or_, tuple_

from core.errors import Invalid
from core.model.json_values import JsonValue, text_problem
from ledger.filtering.matching import reached
from ledger.tables import Moment

SORTED_CHARACTERS = 100
_NOTHING, _NUMBER, _TEXT, _OBJECT, _LIST, _BOOLEAN = range(1, 7)
_SIGN, _ALL_BITS = 1 << 63, (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class SortKey:
    """One expression to sort by; `write` and `read` carry its values through a cursor."""

    expression: ColumnElement[Any]
    descending: bool
    write: Callable[[Any], str]
    read: Callable[[str], object]

    @property
    def ordering(self) -> ColumnElement[Any]:
        """What ORDER BY takes."""
        return self.expression.desc() if self.descending else self.expression.asc()


def column_key(column: Column[Any], *, descending: bool) -> SortKey:
    """Sort by a column of text, of moments or of whole numbers."""
    if isinstance(column.type, Integer):
        return SortKey(column, descending, str, _read_number)
    if isinstance(column.type, Moment):
        return SortKey(column, descending, datetime.isoformat, _read_moment)
    return SortKey(column, descending, str, _read_text)


def bytes_key(expression: ColumnElement[Any], *, descending: bool) -> SortKey:
    """Sort by an expression that makes keys of bytes."""
    return SortKey(expression, descending, lambda value: bytes(value).hex(), bytes.fromhex)


def _read_text(text: str) -> str:
    problem = text_problem(text)
    if problem:
        raise ValueError(problem)
    return text


def _read_number(text: str) -> int:
    number = int(text)
    if abs(number) >= _SIGN:
        raise ValueError(text)
    return number


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def key_of(document: JsonValue, names: Sequence[str]) -> bytes:
    """Return the bytes by which a document is sorted."""
    for value in reached(document, names):
        if not isinstance(value, list):
            return _value_key(value)
        if value:
            return _value_key(value[0])
    return bytes([_NOTHING])


def _value_key(value: JsonValue) -> bytes:
    if value is None:
        return bytes([_NOTHING])
    if isinstance(value, bool):
        return bytes([_BOOLEAN, value])
    if isinstance(value, int | float):
        return bytes([_NUMBER]) + _number_key(float(value))
    if isinstance(value, str):
        return bytes([_TEXT]) + value[:SORTED_CHARACTERS].encode()
    return bytes([_OBJECT if isinstance(value, dict) else _LIST])


def _number_key(value: float) -> bytes:
    """Return a double's bits, turned so that they sort as the numbers do."""
    bits = int.from_bytes(struct.pack(">d", value))
    turned = bits ^ (_ALL_BITS if bits & _SIGN else _SIGN)
    return turned.to_bytes(8)


def is_after(keys: Sequence[SortKey], values: Sequence[object]) -> ColumnElement[bool]:
    """Return the condition that a row comes after the one with these values."""
    bounds = [literal(value, key.expression.type) for key, value in zip(keys, values, strict=True)]
    if len({key.descending for key in keys}) == 1:  # the form that an index is walked by
        here, there = tuple_(*(key.expression for key in keys)), tuple_(*bounds)
        return here < there if keys[0].descending else here > there
    several = []
    for count, (key, bound) in enumerate(zip(keys, bounds, strict=True)):
        same = [one.expression == bounds[at] for at, one in enumerate(keys[:count])]
        beyond = key.expression < bound if key.descending else key.expression > bound
        several.append(and_(*same, beyond))
    return or_(*several)


def write_cursor(keys: Sequence[SortKey], order: str, values: Sequence[object]) -> str:
    """Return the place of a row that has these values of `keys`."""
    told = [order, *(key.write(value) for key, value in zip(keys, values, strict=True))]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def read_cursor(keys: Sequence[SortKey], order: str, cursor: str) -> list[object]:
    """Return the values of the row that a cursor names.

    Raises:  Invalid, for one of another order or none at all.
    """
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = told[1:] if isinstance(told, list) and told[:1] == [order] else []
        return [key.read(str(value)) for key, value in zip(keys, values, strict=True)]
    except (ValueError, OverflowError, RecursionError) as error:
        raise Invalid(
            "cursor belongs to another order or none at all: leave it out to begin anew.",
            details={"field": "cursor"},
        ) from error
