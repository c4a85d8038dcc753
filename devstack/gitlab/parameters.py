"""Reading parameters the way GitLab's API does: JSON, form or query, checked all at once, refused in its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import BadRequest

from devstack.gitlab.errors import invalid_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_NO_JSON = (
    "\nProblem:\n  message body does not match declared format\nResolution:\n  when specifying application/json as"
    " content-type, you must pass valid application/json in the request's 'body' "
)
_TRUE = {"true", "t", "1", "yes", "on"}
_FALSE = {"false", "f", "0", "no", "off"}


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter an endpoint takes.

    kind: string, integer, boolean, strings (list or comma list), integers, day, time, objects.
    values: the only ones allowed, where not empty. blank: whether an empty text is allowed.
    """

    name: str
    kind: str = "string"
    required: bool = False
    values: tuple[Any, ...] = ()
    blank: bool = True


def read(
    *fields: Field,
    at_least_one: Iterable[str] = (),
    exactly_one: Iterable[str] = (),
    exclusive: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the given parameters among `fields`, converted; absent ones are absent.

    Raises: Refusal 400 `{"error": …}` naming every parameter that is missing or wrong.
    """
    given = everything()
    problems, found = check(fields, given)
    problems += _counting(given, list(at_least_one), list(exactly_one), list(exclusive))
    if problems:
        raise invalid_parameters(", ".join(problems))
    return found


def check(
    fields: Iterable[Field], given: Mapping[str, Any], prefix: str = ""
) -> tuple[list[str], dict[str, Any]]:
    """Return what is wrong with `given` and the values of what is right."""
    problems: list[str] = []
    found: dict[str, Any] = {}
    for field in fields:
        label = f"{prefix}[{field.name}]" if prefix else field.name
        if field.name not in given:
            problems += _missing(field, label)
            continue
        try:
            value = _convert(field.kind, given[field.name])
        except (ValueError, TypeError, OverflowError):
            problems.append(f"{label} is invalid")
            continue
        if not field.blank and value in (None, "", []):
            problems.append(f"{label} is empty")
        elif field.values and not _allowed(field, value):
            problems.append(f"{label} does not have a valid value")
        else:
            found[field.name] = value
    return problems, found


def everything() -> dict[str, Any]:
    """Return all parameters of the request: query first, then form or JSON body over it."""
    given: dict[str, Any] = _nested(request.args.items(multi=True))
    if request.is_json:
        given |= _json_body()
    elif request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given |= _nested(request.form.items(multi=True))
    return given


def _json_body() -> dict[str, Any]:
    if not request.get_data(cache=True):
        return {}
    try:
        body = request.get_json()
    except BadRequest as error:
        raise invalid_parameters(_NO_JSON) from error
    if not isinstance(body, dict):
        raise invalid_parameters(_NO_JSON)
    return body


def _missing(field: Field, label: str) -> list[str]:
    if not field.required:
        return []
    return [f"{label} is missing"] if field.blank else [f"{label} is missing", f"{label} is empty"]


def _allowed(field: Field, value: Any) -> bool:  # noqa: ANN401 - any kind of parameter
    if isinstance(value, list):
        return all(item in field.values for item in value)
    return value in field.values


def _counting(
    given: Mapping[str, Any], at_least: list[str], exactly: list[str], exclusive: list[str]
) -> list[str]:
    problems = []
    if at_least and not any(name in given for name in at_least):
        problems.append(
            f"{', '.join(at_least)} are missing, at least one parameter must be provided"
        )
    if exactly and not any(name in given for name in exactly):
        problems.append(f"{', '.join(exactly)} are missing, exactly one parameter must be provided")
    for group in (exactly, exclusive):
        both = [name for name in group if name in given]
        if len(both) > 1:
            problems.append(f"{', '.join(both)} are mutually exclusive")
    return problems


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Understand `name`, `name[]`, `name[key]` and `name[][key]`, the latter as a list of objects."""
    found: dict[str, Any] = {}
    for label, value in pairs:
        name, keys = label.split("[", 1)[0], _BRACKETS.findall(label)
        if not keys:
            found[name] = value
        elif keys == [""]:
            _list(found, name).append(value)
        elif keys[0] == "":
            _add_to_objects(_list(found, name), keys[1], value)
        elif isinstance(found.setdefault(name, {}), dict):
            found[name][keys[0]] = value
    return found


def _list(found: dict[str, Any], name: str) -> list[Any]:
    items = found.setdefault(name, [])
    if not isinstance(items, list):
        items = found[name] = [items]
    return items


def _add_to_objects(items: list[Any], key: str, value: str) -> None:
    if not items or not isinstance(items[-1], dict) or key in items[-1]:
        items.append({})
    items[-1][key] = value


def _convert(kind: str, value: Any) -> Any:  # noqa: ANN401 - any JSON in, a checked value out
    if value is None:
        return None
    return _CONVERTERS[kind](value)


def _string(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(value)


def _integer(value: Any) -> int | None:  # noqa: ANN401 - any JSON
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(value)
    return None if value == "" else int(value)


def _boolean(value: Any) -> bool | None:  # noqa: ANN401 - any JSON
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text == "":
        return None
    if text not in _TRUE | _FALSE:
        raise ValueError(value)
    return text in _TRUE


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_string(item) for item in value if item != ""]
    if isinstance(value, str | int):
        return [part.strip() for part in str(value).split(",") if part.strip()]
    raise TypeError(value)


def _integers(value: Any) -> list[int]:  # noqa: ANN401 - any JSON
    return [int(item) for item in _strings(value)]


def _day(value: Any) -> str | None:  # noqa: ANN401 - any JSON
    return date.fromisoformat(_string(value)[:10]).isoformat() if value != "" else None


def _time(value: Any) -> datetime | None:  # noqa: ANN401 - any JSON
    if value == "":
        return None
    moment = datetime.fromisoformat(
        _string(value).replace(" ", "+") if "T" in _string(value) else _string(value)
    )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    items = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise TypeError(value)
    return items


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "boolean": _boolean,
    "strings": _strings,
    "integers": _integers,
    "day": _day,
    "time": _time,
    "objects": _objects,
}
