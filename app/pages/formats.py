"""How pages say sizes, times and counts to people; the exact value is always beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import quote

from flask.blueprints import BlueprintSetupState

from core.model.json_values import JsonValue
from core.model.names import Md5, Revision
from core.model.storage import SiteHealth

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000
_FEW = 9.95  # from here on a decimal tells nothing
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_DAYS_SAID_AS_AGE = 30
_SHORT_HASH = 8


def size(size_bytes: int | None) -> str:
    """Return bytes in decimal units, two figures: `0 B`, `999 B`, `1.2 kB`, `73 MB`."""
    if size_bytes is None:
        return "–"
    value, unit = float(size_bytes), 0
    while round(value) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    digits = f"{value:.1f}" if unit and value < _FEW else f"{value:.0f}"
    return f"{digits} {_UNITS[unit]}"


def exact_size(size_bytes: int | None) -> str:
    """Return bytes as they are: `73,400,320 bytes`."""
    return "" if size_bytes is None else counted(size_bytes, "byte")


def counted(number: int, word: str) -> str:
    """Return a number with its word: `1 file`, `2,000 files`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago it was, in one unit; a date, where that is over 30 days."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min ago"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} h ago"
    if seconds < _DAYS_SAID_AS_AGE * _DAY:
        return f"{seconds // _DAY:.0f} d ago"
    return f"{moment.day} {moment:%b %Y}"


def exact_time(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine_time(moment: datetime) -> str:
    """Return a time for the attribute `datetime`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def short(name: Revision | Md5 | str) -> str:
    """Return the first 8 digits of a hash."""
    return str(name)[:_SHORT_HASH]


def milliseconds(seconds: float) -> str:
    """Return a duration: `41 ms`, `1.2 s`."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * _STEP:.0f} ms"


def answer_time(health: SiteHealth) -> float | None:
    """Return how long a site takes to answer, in seconds: the median of the check's steps."""
    return median(step.seconds for step in health.steps) if health.steps else None


def in_path(text: object) -> str:
    """Return a path or a ref, quoted for a URL's path."""
    return quote(str(text), safe="/")


def pretty_json(value: JsonValue) -> str:
    """Return JSON as people read it: laid out, its names in their order, every letter as it is."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def capital(sentence: object) -> str:
    """Return a sentence with a capital, unless it begins with what is no word but a path, say."""
    text = str(sentence)
    first = text.partition(" ")[0].rstrip(".,:;!?")
    return text[0].upper() + text[1:] if first.isalpha() else text


FILTERS: Mapping[str, Callable[..., Any]] = {
    "size": size,
    "exact_size": exact_size,
    "counted": counted,
    "ago": ago,
    "exact_time": exact_time,
    "machine_time": machine_time,
    "short": short,
    "milliseconds": milliseconds,
    "answer_time": answer_time,
    "in_path": in_path,
    "pretty_json": pretty_json,
    "capital": capital,
}


def register_formats(state: BlueprintSetupState) -> None:
    """Give templates these as filters."""
    state.app.jinja_env.filters.update(FILTERS)
