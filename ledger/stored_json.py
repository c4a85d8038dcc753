"""What columns of JSON hold, with how long its text was."""

from __future__ import annotations

import json
from typing import Any


class StoredObject(dict[str, Any]):
    """An object that was read from a column.

    Units:   `octets` of its text, as the database wrote it.
    """

    __slots__ = ("octets",)

    octets: int


def read_stored(text: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON says
    """Read what the driver of either database found."""
    value = json.loads(text)
    if not isinstance(value, dict):
        return value
    stored = StoredObject(value)
    stored.octets = len(text)
    return stored
