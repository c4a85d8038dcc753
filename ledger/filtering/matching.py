"""Whether a document is one that a condition wants, decided in Python: what SQLite calls.

Source:  MongoDB's manual on arrays, embedded documents, null and comparison by type.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import re2

from core.model.filters.reading import is_index
from core.model.filters.tree import (
    At,
    Compares,
    Condition,
    Equals,
    Every,
    Exists,
    FieldPath,
    Has,
    HasElement,
    IsList,
    Not,
    Order,
    Resembles,
    Scalar,
    Some,
    Test,
)
from core.model.json_values import JsonValue

Says = Callable[[JsonValue], bool]
Check = Callable[[], None]

_MEMORY_BYTES = 1024 * 1024  # of one pattern's automaton
_ORDERS: dict[Order, Callable[[Any, Any], bool]] = {
    Order.ABOVE: operator.gt,
    Order.FROM: operator.ge,
    Order.BELOW: operator.lt,
    Order.UP_TO: operator.le,
}


def compile_condition(condition: Condition, check: Check) -> Says:
    """Return a function that says whether a document is wanted.

    It calls `check` before each test, so that whoever waits can raise in the midst of a document.
    """
    if isinstance(condition, At):
        return _checked(_compile_at(condition.path, condition.test, check), check)
    if isinstance(condition, Not):
        inner = compile_condition(condition.condition, check)
        return lambda document: not inner(document)
    if isinstance(condition, Some) and len(condition.conditions) > 1:
        at_once = _compile_any_of(condition.conditions)
        if at_once is not None:
            return at_once
    several = [compile_condition(one, check) for one in condition.conditions]
    if isinstance(condition, Every):
        return lambda document: all(one(document) for one in several)
    return lambda document: any(one(document) for one in several)


def forget_patterns() -> None:
    """Give back what the automatons of patterns took, which re2 would keep for another time."""
    re2.purge()


def reached(value: JsonValue, names: Sequence[str]) -> Iterator[JsonValue]:
    """Yield the values that a path leads to, through the objects in lists; lists stay whole."""
    if not names:
        yield value
        return
    name, rest = names[0], names[1:]
    if isinstance(value, dict):
        if name in value:
            yield from reached(value[name], rest)
    elif isinstance(value, list):
        if not is_index(name):
            for one in value:
                if isinstance(one, dict) and name in one:
                    yield from reached(one[name], rest)
        elif int(name) < len(value):
            yield from reached(value[int(name)], rest)


def _checked(says: Says, check: Check) -> Says:
    def check_and_say(document: JsonValue) -> bool:
        check()
        return says(document)

    return check_and_say


def _compile_at(path: FieldPath, test: Test, check: Check) -> Says:
    names = path.names
    whole = _of_whole(test, check)
    if whole is not None:
        return lambda document: any(map(whole, reached(document, names)))
    says = _of_element(test, check)
    if not names:
        return says
    if test == Equals(None):
        return lambda document: _is_missing(document, names) or _any_element(document, names, says)
    return lambda document: _any_element(document, names, says)


def _compile_any_of(conditions: Sequence[Condition]) -> Says | None:
    """Return one look-up for many texts, numbers or booleans of one path, or None for all else."""
    paths, keys = set(), set()
    for one in conditions:
        key = _key(one.test.value) if isinstance(one, At) and isinstance(one.test, Equals) else None
        if key is None or not isinstance(one, At) or not one.path.names:
            return None
        paths.add(one.path.names)
        keys.add(key)
    if len(paths) > 1:
        return None
    (names,) = paths
    return lambda document: _any_element(document, names, lambda value: _key(value) in keys)


def _key(value: JsonValue) -> tuple[str, Scalar] | None:
    """Return what equal scalars share; None for null, lists and objects, which are compared."""
    if value is None or isinstance(value, list | dict):
        return None
    return _kind(value), value


def _any_element(document: JsonValue, names: Sequence[str], says: Says) -> bool:
    return any(
        says(value) or (isinstance(value, list) and any(map(says, value)))
        for value in reached(document, names)
    )


def _of_whole(test: Test, check: Check) -> Says | None:
    """Return what is said of lists as a whole, or None for tests that look into them."""
    if isinstance(test, Exists):
        return lambda _value: True
    if isinstance(test, IsList):
        size = test.size
        return lambda value: isinstance(value, list) and size in {None, len(value)}
    if isinstance(test, HasElement):
        element = compile_condition(test.condition, check)
        if test.of_fields:
            return lambda value: (
                isinstance(value, list)
                and any(element(one) for one in value if isinstance(one, dict))
            )
        return lambda value: isinstance(value, list) and any(map(element, value))
    return None


def _of_element(test: Test, check: Check) -> Says:
    if isinstance(test, Equals):
        wanted = test.value
        return lambda value: _same(value, wanted)
    if isinstance(test, Compares):
        stands, bound, kind = _ORDERS[test.order], test.bound, _kind(test.bound)
        return lambda value: _kind(value) == kind and stands(value, bound)
    if isinstance(test, Resembles):
        pattern = re2.compile(test.pattern, _options())
        return lambda value: isinstance(value, str) and pattern.search(value) is not None
    if isinstance(test, Has):
        inner = compile_condition(test.condition, check)
        return lambda value: isinstance(value, dict) and inner(value)
    raise TypeError(test)


def _same(left: JsonValue, right: JsonValue) -> bool:
    """Return whether two values are equal; true is not 1, and the order of fields means nothing."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return _kind(left) == _kind(right) and left == right


def _kind(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def _is_missing(value: JsonValue, names: Sequence[str], *, in_list: bool = False) -> bool:
    """Return whether the path ends, somewhere, before its last name."""
    if not names:
        return False
    name, rest = names[0], names[1:]
    if isinstance(value, dict):
        return name not in value or _is_missing(value[name], rest)
    if isinstance(value, list):
        if is_index(name):
            return int(name) < len(value) and _is_missing(value[int(name)], rest, in_list=True)
        return any(_is_missing(one, names) for one in value if isinstance(one, dict))
    return not in_list


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    return options
