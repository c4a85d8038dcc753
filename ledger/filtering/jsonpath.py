"""Conditions as PostgreSQL's jsonpath: one predicate, of which a GIN index finds the equalities.

A value is tested by `exists(<path> ? (@.type() == … && …))`: a filter looks into a list, one level
and no deeper, which is MongoDB's rule; the type's test keeps a comparison from looking deeper.
What is said of a list as a whole is asked from the object that holds it.
Source:  PostgreSQL's manual, "The SQL/JSON Path Language" (lax mode).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from core.model.filters.reading import is_index
from core.model.filters.tree import (
    At,
    Compares,
    Condition,
    Equals,
    Every,
    Exists,
    Has,
    HasElement,
    IsList,
    Not,
    Order,
    Resembles,
    Test,
)
from core.model.json_values import JsonValue

_Leaf = Callable[[str], str]  # from an expression for a value to a predicate
_ORDERS = {Order.ABOVE: ">", Order.FROM: ">=", Order.BELOW: "<", Order.UP_TO: "<="}
_TRUE, _FALSE = "(1 == 1)", "(1 == 0)"
_IS_OBJECT = '.type() == "object"'
_IS_LIST = '.type() == "array"'


def jsonpath_of(condition: Condition) -> str:
    """Return a predicate that is true or false of every document, never unknown."""
    return _written(condition, "$")


def _written(condition: Condition, base: str) -> str:
    """Write the condition on the value `base`: the root, or the `@` of a filter."""
    if isinstance(condition, Every):
        return _joined(" && ", [_written(one, base) for one in condition.conditions], _TRUE)
    if isinstance(condition, Not):
        return f"!({_written(condition.condition, base)})"
    if isinstance(condition, At):
        return _at(base, condition.path.names, condition.test)
    return _joined(" || ", [_written(one, base) for one in condition.conditions], _FALSE)


def _at(base: str, names: Sequence[str], test: Test) -> str:
    whole = _of_whole(test)
    if whole is not None:
        return _reached(base, names, whole)
    if not names:
        return _of_element(test, base)
    found = _reached(base, names, lambda value: _any_element(test, value))
    if test == Equals(None):
        return f"({found} || {_missing(base, names)})"
    return found


def _reached(base: str, names: Sequence[str], leaf: _Leaf) -> str:
    """Write that `leaf` is true of a value that the path leads to from the single value `base`."""
    if not names:
        return leaf(base)
    run = _names_before_index(names)
    if not run:
        return _indexed(base, names, leaf)
    rest = names[len(run) :]
    last = f"@{_key(run[-1])}"
    inner = _indexed(last, rest, leaf) if rest else leaf(last)
    return f"exists({base}{_keys(run[:-1])} ? (@{_IS_OBJECT} && {inner}))"


def _indexed(base: str, names: Sequence[str], leaf: _Leaf) -> str:
    """Write the same for a path that begins with a number: a list's index, or an object's field."""
    index, rest = names[0], names[1:]
    of_object = _reached(base + _key(index), rest, leaf)
    of_list = _reached(f"{base}[{index}]", rest, leaf)
    return (
        f"(({base}{_IS_OBJECT} && {of_object})"
        f" || ({base}{_IS_LIST} && {base}.size() > {index} && {of_list}))"
    )


def _missing(base: str, names: Sequence[str], *, in_list: bool = False) -> str:
    """Write that the path ends, somewhere, before its last name."""
    if not names:
        return _FALSE
    run = _names_before_index(names)
    if not run:
        return _missing_index(base, names, in_list=in_list)
    several = [] if in_list else [_is_scalar(base)]
    for level, name in enumerate(run):
        holder = base + _keys(run[:level])
        key = f"@{_key(name)}"
        several.append(f"exists({holder} ? (@{_IS_OBJECT} && !exists({key})))")
        if level + 1 < len(run):
            several.append(f"exists({holder} ? (@{_IS_OBJECT} && {_is_scalar(key)}))")
    rest = names[len(run) :]
    if rest:
        key = f"@{_key(run[-1])}"
        deeper = _missing_index(key, rest, in_list=False)
        several.append(f"exists({base}{_keys(run[:-1])} ? (@{_IS_OBJECT} && {deeper}))")
    return _joined(" || ", several, _FALSE)


def _missing_index(base: str, names: Sequence[str], *, in_list: bool) -> str:
    index, rest = names[0], names[1:]
    key, element = base + _key(index), f"{base}[{index}]"
    several = [] if in_list else [_is_scalar(base)]
    several.append(f"({base}{_IS_OBJECT} && (!exists({key}) || {_missing(key, rest)}))")
    of_list = _missing(element, rest, in_list=True)
    several.append(f"({base}{_IS_LIST} && {base}.size() > {index} && {of_list})")
    return _joined(" || ", several, _FALSE)


def _is_scalar(value: str) -> str:
    return f'({value}.type() != "array" && {value}.type() != "object")'


def _any_element(test: Test, value: str) -> str:
    """Write that the test is true of a value or, where it is a list, of an element."""
    found = f"exists({value} ? ({_of_element(test, '@')}))"
    if isinstance(test, Equals) and isinstance(test.value, list):
        return f"({found} || {_same(value, test.value)})"
    return found


def _of_whole(test: Test) -> _Leaf | None:
    if isinstance(test, Exists):
        return lambda value: f"exists({value})"
    if isinstance(test, IsList) and test.size is not None:
        size = test.size
        return lambda value: f"({value}{_IS_LIST} && {value}.size() == {size})"
    if isinstance(test, IsList):
        return lambda value: f"({value}{_IS_LIST})"
    if isinstance(test, HasElement):
        element = _written(test.condition, "@")
        kind = f"@{_IS_OBJECT} && " if test.of_fields else ""
        return lambda value: f"({value}{_IS_LIST} && exists({value} ? ({kind}{element})))"
    return None


def _of_element(test: Test, value: str) -> str:
    if isinstance(test, Equals):
        return _same(value, test.value)
    if isinstance(test, Compares):
        bound = _literal(test.bound)
        return f"({_is_kind(value, test.bound)} && {value} {_ORDERS[test.order]} {bound})"
    if isinstance(test, Resembles):
        pattern = json.dumps(test.pattern)
        return f'({_is_kind(value, "")} && {value} like_regex {pattern} flag "s")'
    if isinstance(test, Has):
        return f"({value}{_IS_OBJECT} && {_written(test.condition, value)})"
    raise TypeError(test)


def _same(value: str, wanted: JsonValue) -> str:
    """Write that a single value is exactly this."""
    if isinstance(wanted, list):
        size = f"{value}{_IS_LIST} && {value}.size() == {len(wanted)}"
        elements = [_same(f"{value}[{index}]", one) for index, one in enumerate(wanted)]
        return _joined(" && ", [size, *elements], _TRUE)
    if isinstance(wanted, dict):
        fields = [_same(value + _key(key), one) for key, one in wanted.items()]
        others = " && ".join(f"@.key != {json.dumps(key)}" for key in wanted) or _TRUE
        only = f"!exists({value}.keyvalue() ? ({others}))"
        return _joined(" && ", [f"{value}{_IS_OBJECT}", *fields, only], _TRUE)
    return f"({_is_kind(value, wanted)} && {value} == {_literal(wanted)})"


def _is_kind(value: str, like: JsonValue) -> str:
    kind = "string"
    if like is None:
        kind = "null"
    elif isinstance(like, bool):
        kind = "boolean"
    elif isinstance(like, int | float):
        kind = "number"
    return f'{value}.type() == "{kind}"'


def _literal(value: JsonValue) -> str:
    return json.dumps(value)


def _names_before_index(names: Sequence[str]) -> Sequence[str]:
    count = next((at for at, name in enumerate(names) if is_index(name)), len(names))
    return names[:count]


def _keys(names: Sequence[str]) -> str:
    return "".join(map(_key, names))


def _key(name: str) -> str:
    return f".{json.dumps(name)}"


def _joined(word: str, parts: Sequence[str], empty: str) -> str:
    if not parts:
        return empty
    return parts[0] if len(parts) == 1 else f"({word.join(parts)})"
