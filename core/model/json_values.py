"""JSON that people keep with their things: what can be stored everywhere and found again."""

from __future__ import annotations

import re

from core.errors import Invalid

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

MAX_JSON_DEPTH = 32
_LARGEST = 10**308  # what a double holds
_UNSHOWN = re.compile(  # controls, line ends, changes of direction, halves of surrogate pairs
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def check_json(value: JsonValue, field: str) -> None:
    """Raise Invalid, if something in `value` is no JSON that every database keeps as it is.

    That is: NUL or half a surrogate pair in text, numbers beyond ±10^308, NaN, more than 32 levels.
    """
    problem = _problem(value, MAX_JSON_DEPTH)
    if problem:
        raise Invalid(f"{field} {problem}.", details={"field": field})


def text_problem(text: str) -> str | None:
    """Say why a text cannot be stored, or None."""
    if "\x00" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    return None


def is_one_line(text: str) -> bool:
    """Whether a text shows as one line, in its order: any script, but no control or override."""
    return _UNSHOWN.search(text) is None


def _problem(value: JsonValue, levels: int) -> str | None:
    if isinstance(value, str):
        return text_problem(value)
    if isinstance(value, int | float):
        return None if -_LARGEST <= value <= _LARGEST else "holds a number beyond ±10^308"
    if value is None:
        return None
    if not levels:
        return f"is nested deeper than {MAX_JSON_DEPTH} levels"
    if isinstance(value, list):
        return next(filter(None, (_problem(one, levels - 1) for one in value)), None)
    return next(
        filter(
            None, (text_problem(key) or _problem(one, levels - 1) for key, one in value.items())
        ),
        None,
    )
