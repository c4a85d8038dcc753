"""Metadata in a form: a line for each name and value, and JSON for what no line can say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from flask import request

from app.pages.assets.typed_values import read_json_text, read_value, write_value
from core.errors import Invalid
from core.model.json_values import JsonValue

FIELD = "metadata"
SPARE_LINES = 3


@dataclass(frozen=True, slots=True)
class MetadataFields:
    """What stands in the fields `key`, `value` (each repeated) and `metadata_json`."""

    lines: tuple[tuple[str, str], ...] = ()
    more: str = ""

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The lines, and empty ones for those who have no script to add some."""
        return self.lines + (("", ""),) * SPARE_LINES

    def read(self) -> dict[str, JsonValue]:
        """Return the metadata.

        Raises:  Invalid with the field `metadata`: a value without a name, a name given twice,
                 what begins like JSON and is none.
        """
        found: dict[str, JsonValue] = {}
        for key, text in self.lines:
            if not key:
                raise _refusal(f"The value {text[:60]!r} has no name: give it one.")
            if key in found:
                raise _refusal(f"{key[:60]} stands there twice.")
            found[key] = _value_of(key, text)
        more = self._more()
        twice = next((key for key in more if key in found), None)
        if twice is not None:
            raise _refusal(f"{twice[:60]} stands in a line and in the JSON.")
        return found | more

    def _more(self) -> dict[str, JsonValue]:
        if not self.more.strip():
            return {}
        try:
            value = read_json_text(self.more)
        except Invalid as error:
            raise _refusal(f"The JSON: {error.message}") from error
        if not isinstance(value, dict):
            raise _refusal('The JSON must be an object like {"lens": {"maker": "Leica"}}.')
        return value


def sent_metadata() -> MetadataFields:
    """Return what the form of this request says; lines without anything are none."""
    pairs = zip_longest(request.form.getlist("key"), request.form.getlist("value"), fillvalue="")
    lines = tuple((key.strip(), value.strip()) for key, value in pairs)
    return MetadataFields(
        tuple(line for line in lines if any(line)), request.form.get("metadata_json", "")
    )


def standing_metadata(metadata: Mapping[str, JsonValue]) -> MetadataFields:
    """Return the fields that say just this."""
    lines: list[tuple[str, str]] = []
    more: dict[str, JsonValue] = {}
    for key, value in metadata.items():
        written = write_value(value)
        if written is None or key.strip() != key or not key.isprintable() or not key:
            more[key] = value
        else:
            lines.append((key, written))
    return MetadataFields(
        tuple(lines), json.dumps(more, ensure_ascii=False, indent=2) if more else ""
    )


def _value_of(key: str, text: str) -> JsonValue:
    try:
        return read_value(text)
    except Invalid as error:
        raise _refusal(f"{key[:60]}: {error.message}") from error


def _refusal(message: str) -> Invalid:
    return Invalid(message, details={"field": FIELD})
