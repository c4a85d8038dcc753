"""An inverted index of documents: numbers that stand for "this field has this value".

Where fields lie in lists, the lists are left out. Two different things may have one number: what is
found by terms is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

from core.model.filters.reading import is_index
from core.model.filters.tree import (
    At,
    Condition,
    Equals,
    Every,
    Has,
    HasElement,
    Not,
    Scalar,
)
from core.model.json_values import JsonValue

Group = frozenset[int]

_TERM_BYTES = 8
_MOST_IN_GROUP = 1_000


def terms_of(document: dict[str, JsonValue]) -> set[int]:
    """Return the terms of all scalars in a document."""
    return {_term(names, value) for names, value in _scalars((), document)}


def required_terms(condition: Condition) -> list[Group]:
    """Return groups of terms; a document that is wanted has at least one of each group."""
    return _required(condition, ())


def _required(condition: Condition, inside: tuple[str, ...]) -> list[Group]:
    if isinstance(condition, Not):
        return []
    if isinstance(condition, At):
        return _required_at((*inside, *condition.path.names), condition)
    several = [_required(one, inside) for one in condition.conditions]
    if isinstance(condition, Every):
        return [group for groups in several for group in groups]
    if not several or not all(several):
        return []
    joined = frozenset().union(*(min(groups, key=len) for groups in several))
    return [joined] if len(joined) <= _MOST_IN_GROUP else []


def _required_at(names: tuple[str, ...], condition: At) -> list[Group]:
    if any(map(is_index, names)):
        return []
    test = condition.test
    if isinstance(test, Has | HasElement):
        return _required(test.condition, names)
    if isinstance(test, Equals) and test.value is not None:
        return [frozenset({_term(*scalar)}) for scalar in _scalars(names, test.value)]
    return []


def _scalars(names: tuple[str, ...], value: JsonValue) -> Iterator[tuple[tuple[str, ...], Scalar]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _scalars((*names, key), one)
    elif isinstance(value, list):
        for one in value:
            yield from _scalars(names, one)
    else:
        yield names, value


def _term(names: Sequence[str], value: Scalar) -> int:
    text = "\x00".join([*names, _value_text(value)])
    digest = blake2b(text.encode(), digest_size=_TERM_BYTES).digest()
    return int.from_bytes(digest, signed=True)


def _value_text(value: Scalar) -> str:
    """Return a text that equal numbers share and values of two types never do."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    kind = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return f"{kind}:{value}"
