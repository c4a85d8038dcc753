"""The fields of documents that people send: texts, tags and metadata, each refused in words."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType

from core.errors import Conflict, Invalid, TooLarge
from core.model.json_values import JsonValue, check_json, is_one_line

MAX_TAG_CHARACTERS = 255


def read_text(body: Mapping[str, JsonValue], field: str) -> str:
    """Return a text; "" where it is absent or null. Raises: Invalid, for anything else."""
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(f"{field} must be a text.", details={"field": field})
    return value


def read_tags(value: JsonValue, field: str, at_most: int) -> tuple[str, ...]:
    """Return the tags of a list, each once, in their order; null is no tags.

    Raises:  Invalid, for what is no list of printable texts, or one that is too long.
    """
    tags = [] if value is None else value
    if not isinstance(tags, list):
        raise Invalid(f"{field} must be a list of texts.", details={"field": field})
    read = tuple(dict.fromkeys(_read_tag(tag, field) for tag in tags))
    if len(read) > at_most:
        raise Invalid(f"{field} takes at most {at_most} tags.", details={"field": field})
    return read


def read_object(value: JsonValue, field: str, limit_bytes: int) -> dict[str, JsonValue]:
    """Return an object; null is an empty one.

    Units:   `limit_bytes` of compact JSON in UTF-8.
    Raises:  Invalid, for what is none; TooLarge.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f"{field} must be a JSON object.", details={"field": field})
    check_json(value, field)
    if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > limit_bytes:
        raise TooLarge(
            f"{field} takes at most {limit_bytes // 1024} KiB of JSON.", details={"field": field}
        )
    return value


def check_fields(
    body: Mapping[str, JsonValue],
    *,
    taken: Collection[str],
    given: Mapping[str, JsonValue],
    lasting: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Refuse what nobody may say: fields that are unknown, or that the server gives.

    `given` are the server's own fields with what stands in them now: whoever sends a document back
    as he got it is not refused, and empty ones are nothing. `lasting` are those of them that were
    somebody's to say once, with what to do instead of changing them.
    Raises:  Invalid, naming the field.
    """
    for field, value in body.items():
        if field in taken or (field in given and _says_nothing(value, given[field])):
            continue
        why = "is given by the server" if field in given else "is no field that can be set"
        words = f"never changes: {lasting[field]}" if field in lasting else f"{why}: leave it out"
        raise Invalid(f"{field:.100} {words}.", details={"field": field[:MAX_TAG_CHARACTERS]})


def check_not_stale(body: Mapping[str, JsonValue], updated_at: datetime) -> None:
    """Refuse a document that was sent back, if its thing was changed since it was read.

    What is no time at all is none of this function's business.
    Raises:  Conflict.
    """
    told = _read_moment(body.get("updated_at"))
    if told is not None and told != updated_at.replace(microsecond=0):
        raise Conflict(
            "Somebody changed it since this document was read: look at it and try again.",
            details={"field": "updated_at"},
        )


def _read_moment(value: JsonValue) -> datetime | None:
    if not isinstance(value, str):
        return None
    with suppress(ValueError):
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment
    return None


def _says_nothing(value: JsonValue, present: JsonValue) -> bool:
    return value in (None, "", [], {}) or value == present


def _read_tag(tag: JsonValue, field: str) -> str:
    if not isinstance(tag, str) or not tag.strip() or not is_one_line(tag):
        raise Invalid(f"{field} must be a list of printable texts.", details={"field": field})
    if len(tag) > MAX_TAG_CHARACTERS:
        raise Invalid(
            f"A tag of {field} has at most {MAX_TAG_CHARACTERS} characters.",
            details={"field": field},
        )
    return tag.strip()
