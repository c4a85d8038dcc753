"""What a filter means: a tree of conditions that every database is asked in its own words.

A condition is said of one document (an object); a test of the values that a path leads to.
Source:  MongoDB's manual, "Query and Projection Operators"; our differences: docs/assets.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.model.json_values import JsonValue

Scalar = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class FieldPath:
    """The names on the way to a value; a number is an index where it meets a list.

    The empty path is the value itself: an element that `$elemMatch` looks at.
    """

    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join(self.names)


class Order(StrEnum):
    """How a range stands to its bound."""

    ABOVE = "$gt"
    FROM = "$gte"
    BELOW = "$lt"
    UP_TO = "$lte"


@dataclass(frozen=True, slots=True)
class Equals:
    """The value, or an element of it, is exactly this; None is what is missing as well."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class Compares:
    """The value, or an element of it, is of the bound's type and stands so to it."""

    order: Order
    bound: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Resembles:
    """The value, or an element of it, is text with a part that the pattern describes.

    `pattern` is written so that RE2 and PostgreSQL read the same in it (core/model/filters/patterns.py).
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value, be it null."""


@dataclass(frozen=True, slots=True)
class IsList:
    """The value is a list; of `size` elements, where that is given."""

    size: int | None = None


@dataclass(frozen=True, slots=True)
class Has:
    """The value, or an element of it, is an object of which the condition holds."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class HasElement:
    """The value is a list with an element of which the condition holds.

    The condition is said of the element's fields, or by the empty path of the element itself.
    """

    condition: Condition
    of_fields: bool


@dataclass(frozen=True, slots=True)
class At:
    """A path leads to a value that passes the test."""

    path: FieldPath
    test: Test


@dataclass(frozen=True, slots=True)
class Every:
    """All of these; of none it is true."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these; of none it is false."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    condition: Condition


Test = Equals | Compares | Resembles | Exists | IsList | Has | HasElement
Condition = At | Every | Some | Not
