"""Filters as people send them, in MongoDB's words, read into a tree with limits.

Source:  MongoDB's manual; what differs, and why, stands in docs/assets.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from core.errors import Invalid, TooLarge
from core.model.filters.patterns import MAX_PATTERN_STEPS, plain_pattern
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
    Some,
)
from core.model.json_values import JsonValue, check_json, text_problem

MAX_FILTER_DEPTH = 8
MAX_FILTER_CLAUSES = 100
MAX_FILTER_VALUES = 1_000
MAX_FILTER_BYTES = 64 * 1024
MAX_FIELD_NAMES = 16  # on one path
MAX_FIELD_INDICES = 3  # on one path
MAX_FIELD_CHARACTERS = 255
_INDEX = re.compile(r"[1-9][0-9]{0,5}")

_LOGICAL = ("$and", "$or", "$nor")
_OF_FIELDS = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$all", "$exists", "$size"),
    *("$regex", "$options", "$not", "$elemMatch"),
)


def parse_filter(body: Mapping[str, JsonValue]) -> Condition:
    """Read a filter.

    Raises:  Invalid, which names the operator and what is allowed; TooLarge, over a limit.
    """
    check_json(dict(body), "The filter")
    if len(json.dumps(body, ensure_ascii=False).encode()) > MAX_FILTER_BYTES:
        raise TooLarge(f"The filter has more than {MAX_FILTER_BYTES // 1024} KiB.")
    return _Reader().read_document(dict(body), MAX_FILTER_DEPTH)


def parse_path(text: str) -> FieldPath:
    """Read `asset_metadata.camera.lens` or `asset_tags.0`.

    Raises:  Invalid.
    """
    names = tuple(text.split("."))
    if any(map(_name_problem, names)):
        problem = next(filter(None, map(_name_problem, names)))
        raise Invalid(f"The field {_quoted(text)} {problem}.", details={"field": text[:100]})
    if len(names) > MAX_FIELD_NAMES or sum(map(is_index, names)) > MAX_FIELD_INDICES:
        raise Invalid(
            f"The field {_quoted(text)} is too deep: at most {MAX_FIELD_NAMES} names, of which "
            f"{MAX_FIELD_INDICES} may be numbers.",
            details={"field": text[:100]},
        )
    return FieldPath(names)


def is_index(name: str) -> bool:
    """Whether a name on a path is an index where it meets a list."""
    return name == "0" or _INDEX.fullmatch(name) is not None


class _Reader:
    """Reads one filter and counts what it has."""

    def __init__(self) -> None:
        self._clauses = 0
        self._values = 0
        self._patterns: dict[str, int] = {}  # with the steps of each
        self._operators: dict[str, Callable[[FieldPath, JsonValue, int], Condition]] = {
            "$eq": lambda path, value, _: At(path, Equals(self._value(value))),
            "$ne": lambda path, value, _: Not(At(path, Equals(self._value(value)))),
            "$in": lambda path, value, _: self._read_any(path, value, "$in"),
            "$nin": lambda path, value, _: Not(self._read_any(path, value, "$nin")),
            "$all": self._read_all,
            "$exists": _read_exists,
            "$size": _read_size,
            "$not": self._read_not,
            "$elemMatch": self._read_element,
        }

    def read_document(self, body: JsonValue, levels: int) -> Condition:
        """Read conditions on the fields of an object."""
        self._check_levels(levels)
        if not isinstance(body, dict):
            raise Invalid('A filter is an object like {"asset_tags": "sample"}.')
        return _every([self._read_clause(key, value, levels) for key, value in body.items()])

    def _read_clause(self, key: str, value: JsonValue, levels: int) -> Condition:
        self._clauses += 1
        if self._clauses > MAX_FILTER_CLAUSES:
            raise TooLarge(f"The filter has more than {MAX_FILTER_CLAUSES} clauses.")
        if key in _LOGICAL:
            return self._read_logical(key, value, levels)
        if key.startswith("$"):
            raise _unknown(key, _LOGICAL, "here, where a field's name or one of these stands")
        return self._read_field(parse_path(key), value, levels)

    def _read_logical(self, name: str, value: JsonValue, levels: int) -> Condition:
        if not isinstance(value, list) or not value:
            raise _refused(name, "takes a list of at least one filter")
        several = tuple(self.read_document(one, levels - 1) for one in value)
        if name == "$and":
            return _every(several)
        return Some(several) if name == "$or" else Not(Some(several))

    def _read_field(self, path: FieldPath, value: JsonValue, levels: int) -> Condition:
        """Read what follows a field's name: operators, or a value that it should have."""
        if isinstance(value, dict) and any(key.startswith("$") for key in value):
            return self._read_operators(path, value, levels)
        if isinstance(value, list):
            if not value:
                return At(path, IsList())
            return _every([self._read_contained(path, one, levels) for one in value])
        return self._read_contained(path, value, levels)

    def _read_contained(self, path: FieldPath, value: JsonValue, levels: int) -> Condition:
        if not isinstance(value, dict):
            return At(path, Equals(self._value(value)))
        return At(path, Has(self.read_document(value, levels - 1)))

    def _read_operators(
        self, path: FieldPath, operators: Mapping[str, JsonValue], levels: int
    ) -> Condition:
        self._check_levels(levels)
        conditions: list[Condition] = []
        for name, value in operators.items():
            self._clauses += name != "$options"
            if name in self._operators:
                conditions.append(self._operators[name](path, value, levels))
            elif name in set(Order):
                conditions.append(At(path, self._read_range(Order(name), value)))
            elif name == "$regex":
                conditions.append(At(path, self._read_regex(value, operators.get("$options", ""))))
            elif name != "$options" or "$regex" not in operators:
                raise _misplaced(name, path)
        if self._clauses > MAX_FILTER_CLAUSES:
            raise TooLarge(f"The filter has more than {MAX_FILTER_CLAUSES} clauses.")
        return _every(conditions)

    def _read_range(self, order: Order, value: JsonValue) -> Compares:
        if not isinstance(value, bool | int | float | str):
            raise _refused(order.value, "takes text, a number, true or false")
        self._value(value)
        return Compares(order, value)

    def _read_any(self, path: FieldPath, value: JsonValue, name: str) -> Condition:
        if not isinstance(value, list):
            raise _refused(name, "takes a list of values")
        return Some(tuple(At(path, Equals(self._value(one, name))) for one in value))

    def _read_all(self, path: FieldPath, value: JsonValue, levels: int) -> Condition:
        if not isinstance(value, list):
            raise _refused("$all", "takes a list of values")
        return _every([self._read_one_of_all(path, one, levels) for one in value] or [Some(())])

    def _read_one_of_all(self, path: FieldPath, value: JsonValue, levels: int) -> Condition:
        if isinstance(value, dict) and set(value) == {"$elemMatch"}:
            return self._read_element(path, value["$elemMatch"], levels - 1)
        return At(path, Equals(self._value(value, "$all")))

    def _read_not(self, path: FieldPath, value: JsonValue, levels: int) -> Condition:
        if not isinstance(value, dict) or not value:
            raise _refused("$not", 'takes operators, like {"$not": {"$gt": 5}}')
        return Not(self._read_operators(path, value, levels - 1))

    def _read_element(self, path: FieldPath, value: JsonValue, levels: int) -> Condition:
        if not isinstance(value, dict) or not value:
            raise _refused("$elemMatch", "takes a filter or operators")
        if all(key.startswith("$") and key not in _LOGICAL for key in value):
            itself = self._read_operators(FieldPath(), value, levels - 1)
            return At(path, HasElement(itself, of_fields=False))
        return At(path, HasElement(self.read_document(value, levels - 1), of_fields=True))

    def _read_regex(self, pattern: JsonValue, options: JsonValue) -> Resembles:
        if not isinstance(pattern, str):
            raise _refused("$regex", "takes text")
        if not isinstance(options, str) or options not in {"", "i"}:
            raise _refused("$options", 'takes "i" (upper and lower case alike) or nothing')
        written, steps = plain_pattern(pattern, ignores_case=options == "i")
        self._patterns[written] = steps
        if sum(self._patterns.values()) > MAX_PATTERN_STEPS:
            raise TooLarge("The patterns of the filter repeat too much altogether: ask for fewer.")
        return Resembles(written)

    def _value(self, value: JsonValue, operator: str = "") -> JsonValue:
        """Count a value and what is in it; operators have no meaning inside of it."""
        self._values += 1
        if self._values > MAX_FILTER_VALUES:
            raise TooLarge(f"The filter has more than {MAX_FILTER_VALUES:,} values.")
        if isinstance(value, dict):
            for key, one in value.items():
                if key.startswith("$"):
                    raise _unknown(
                        key, (), f"inside a value{f' of {operator}' if operator else ''}"
                    )
                self._value(one, operator)
        elif isinstance(value, list):
            for one in value:
                self._value(one, operator)
        return value

    def _check_levels(self, levels: int) -> None:
        if levels <= 0:
            raise TooLarge(f"The filter is nested deeper than {MAX_FILTER_DEPTH} levels.")


def _every(conditions: Sequence[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else Every(tuple(conditions))


def _read_exists(path: FieldPath, value: JsonValue, _levels: int) -> Condition:
    if not isinstance(value, bool | int) or value not in {0, 1}:
        raise _refused("$exists", "takes true or false")
    return At(path, Exists()) if value else Not(At(path, Exists()))


def _read_size(path: FieldPath, value: JsonValue, _levels: int) -> Condition:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _refused("$size", "takes a whole number that is not negative")
    return At(path, IsList(value))


def _name_problem(name: str) -> str | None:
    if not name:
        return "has an empty name between its dots"
    if name.startswith("$"):
        return "has a name that begins with $: only operators do"
    if len(name) > MAX_FIELD_CHARACTERS:
        return f"has a name of more than {MAX_FIELD_CHARACTERS} characters"
    return text_problem(name)


def _unknown(name: str, allowed: Sequence[str], where: str) -> Invalid:
    words = f"; allowed are {', '.join(allowed)}" if allowed else ""
    return Invalid(
        f"The operator {_quoted(name)} is not allowed {where}{words}.",
        code="unknown_operator",
        details={"operator": name[:100], "allowed": list(allowed)},
    )


def _misplaced(name: str, path: FieldPath) -> Invalid:
    if name == "$options":
        return _refused(name, "belongs beside $regex")
    field = _quoted(str(path))
    if name.startswith("$"):
        return _unknown(name, _OF_FIELDS, f"on the field {field}")
    return Invalid(
        f"{_quoted(name)} stands beside operators on the field {field}: a field of it is asked for by "
        f"a name with a dot, {_quoted(f'{path}.{name}')}.",
        code="unknown_operator",
        details={"operator": name[:100], "allowed": list(_OF_FIELDS)},
    )


def _refused(name: str, takes: str) -> Invalid:
    return Invalid(f"{name} {takes}.", details={"operator": name})


def _quoted(text: str) -> str:
    return repr(text[:100])
