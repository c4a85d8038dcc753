"""Two assets side by side: what is the same in both, what differs, what only one of them has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.pages.assets.typed_values import write_value
from core.model.json_values import JsonValue


class Side(StrEnum):
    """How a field differs."""

    SAME = "same"
    DIFFERENT = "different"
    LEFT = "only left"
    RIGHT = "only right"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the two; a value is None where it is not there, else as it is shown."""

    name: str
    left: str | None
    right: str | None

    @property
    def side(self) -> Side:
        """How it differs."""
        if self.left is None:
            return Side.RIGHT
        if self.right is None:
            return Side.LEFT
        return Side.SAME if self.left == self.right else Side.DIFFERENT


def compare_objects(
    left: Mapping[str, JsonValue], right: Mapping[str, JsonValue], *, of_texts: bool = False
) -> list[Difference]:
    """Return the fields of two objects, those of objects inside them by dotted names.

    Values are shown as one types them, so that the text "1" and the number 1 differ; `of_texts`: all
    of them are texts, which stand as they are.

    Shape:   in the order of the left one, then what only the right one has.
    """
    show = str if of_texts else _typed
    ours, theirs = ({name: show(one) for name, one in _leaves(side, "")} for side in (left, right))
    return [Difference(name, ours.get(name), theirs.get(name)) for name in {**ours, **theirs}]


def compare_lists(left: tuple[str, ...], right: tuple[str, ...]) -> list[Difference]:
    """Return the words of two lists, in the order of the left one."""
    return [
        Difference(word, word if word in left else None, word if word in right else None)
        for word in dict.fromkeys((*left, *right))
    ]


def _leaves(value: Mapping[str, JsonValue], before: str) -> Iterator[tuple[str, JsonValue]]:
    for name, one in value.items():
        path = f"{before}{name}"
        if isinstance(one, dict) and one:
            yield from _leaves(one, f"{path}.")
        else:
            yield path, one


def _typed(value: JsonValue) -> str:
    return write_value(value) or json.dumps(value, ensure_ascii=False)
