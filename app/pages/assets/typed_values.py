"""Values that people type into a field: text as it stands, or JSON.

`640`, `true`, `null`, `[1, 2]`, `{"a": 1}` are what JSON says they are, `"640"` is text, and so is all the
rest. Numbers of more digits than a double keeps are text as well: they are names of things.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from core.errors import Invalid
from core.model.json_values import JsonValue

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_MOST_DIGITS = 15
_WORDS = frozenset({"true", "false", "null"})
_OPENING = ('"', "{", "[")


def read_value(text: str) -> JsonValue:
    """Return what a field says.

    Raises:  Invalid, for what begins like JSON and is none.
    """
    text = text.strip()
    if text in _WORDS or _is_number(text):
        return read_json_text(text)
    if not text.startswith(_OPENING):
        return text
    try:
        return read_json_text(text)
    except Invalid as error:
        raise Invalid(
            f"It begins like JSON and is none. {error.message} Text that begins so stands in "
            'double quotes, with \\" for each one in it.'
        ) from error


def write_value(value: JsonValue) -> str | None:
    """Return what a field of one line says to mean `value`; None, where only JSON can say it."""
    if isinstance(value, dict | list):
        return None
    if isinstance(value, str):
        return value if _stays(value, value) else json.dumps(value, ensure_ascii=False)
    written = json.dumps(value)
    return written if _stays(value, written) else None


def read_json_text(text: str) -> JsonValue:
    """Return the JSON in a field.

    Raises:  Invalid, which names the line and the column; also for a name that is given twice.
    """
    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=_once_each, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        raise Invalid(
            f"It is no JSON: line {error.lineno}, column {error.colno}: {_in_words(error)}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Invalid(
            "It is no JSON that can be read: a number or its nesting is out of bounds."
        ) from error
    return value


def _stays(value: JsonValue, written: str) -> bool:
    if "\n" in written or "\r" in written:
        return False
    try:
        back = read_value(written)
    except Invalid:
        return False
    return back == value and type(back) is type(value)


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and sum(map(str.isdigit, text)) <= _MOST_DIGITS


def _once_each(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"The name {twice[:100]!r} stands twice in one object.")
    return found


def _refuse_constant(name: str) -> JsonValue:
    raise Invalid(f"{name} is no JSON.")


def _in_words(error: json.JSONDecodeError) -> str:
    if "property name" in error.msg:
        return "a name in double quotes is expected here"
    if error.msg.startswith("Extra data"):
        return "something follows after its end"
    if error.msg.startswith("Expecting value"):
        return "a value is expected here; text stands in double quotes"
    return error.msg[0].lower() + error.msg[1:]
