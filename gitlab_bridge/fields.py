"""Fields of GitLab's JSON, read strictly: what is not as it should be is an answer not understood.

A field that is absent, null or of another type never becomes a text "None" or an exception of
Python's: it is either not needed, or the answer is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Unavailable

Payload = Mapping[str, Any]


def unreadable() -> Unavailable:
    """Return the failure of an answer that is not what GitLab documents."""
    return Unavailable("GitLab's answer could not be read; try again in a moment.")


def number_in(payload: Payload, key: str) -> int:
    """Return a number above 0, as ids are. Raises: Unavailable."""
    number = find_number(payload, key)
    if number is None:
        raise unreadable()
    return number


def find_number(payload: Payload, key: str) -> int | None:
    """Return a number above 0, None for anything else."""
    value = payload.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return None


def text_in(payload: Payload, key: str) -> str:
    """Return a text that is not empty. Raises: Unavailable."""
    text = find_text(payload, key)
    if not text:
        raise unreadable()
    return text


def find_text(payload: Payload, key: str) -> str:
    """Return a text, "" for anything else."""
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def texts_in(payload: Payload, key: str) -> tuple[str, ...]:
    """Return a list of texts. Raises: Unavailable."""
    value = payload.get(key)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise unreadable()
    return tuple(value)


def find_object(payload: Payload, key: str) -> Payload:
    """Return the object in a field; an empty one where it is absent or null.

    Raises:  Unavailable, for anything else.
    """
    value = payload.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise unreadable()
    return value
