"""How much of a request's body is taken, and JSON that cannot blow up a process.

Little is read of any body, unless its route takes files: those lift the limit once they begin to
stream, or have the limit of a form with files.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import NoReturn

from flask import Flask, request
from werkzeug.exceptions import ClientDisconnected

from core.errors import Invalid, TooLarge
from core.model.uploads import MAX_FILES

MAX_FIELDS_BYTES = 1024 * 1024
MAX_FORM_BYTES = 2 * 1024**3
MAX_JSON_BYTES = 16 * 1024 * 1024  # 20,000 announced files and room to spare
MAX_JSON_VALUES = 1_000_000  # each takes 2 bytes of JSON, dozens in memory
MAX_JSON_CONTAINERS = 250_000  # each takes 3 bytes of JSON, hundreds in memory

CUT_OFF = "The body stopped before its end, or came too slowly: send it again."

_FIELDS_BESIDE = 100
_ENDLESS_BYTES = 2**63 - 1
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_FORMS_WITH_FILES = frozenset(
    {"api_files.post", "uploads.send", "changes.replace", "new_assets.create"}
)


def register_body_limits(app: Flask) -> None:
    """Limit every body of `app` before anything reads it."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_FIELDS_BYTES

    def limit() -> None:
        if request.endpoint in _FORMS_WITH_FILES and request.mimetype == "multipart/form-data":
            request.max_content_length = MAX_FORM_BYTES
            request.max_form_parts = MAX_FILES + _FIELDS_BESIDE

    app.before_request(limit)


def stream_body() -> None:
    """Let the body be of any size: whoever calls this reads it piece by piece."""
    request.max_content_length = _ENDLESS_BYTES  # None would mean the application's own limit


def read_piece(size_bytes: int) -> bytes:
    """Return the next bytes of a body that is streamed, b"" at its end.

    Raises:  Invalid with code `body_cut_off`, where it stopped before, or comes too slowly.
    """
    try:
        return bytes(request.stream.read(size_bytes))
    except (OSError, ClientDisconnected) as error:
        raise Invalid(CUT_OFF, code="body_cut_off") from error


def read_json(limit_bytes: int = MAX_JSON_BYTES, *, names_once: bool = False) -> object:
    """Return the body's JSON, whatever it calls itself.

    Raises:  Invalid, for what is no JSON in UTF-8, and with `names_once` for objects that name a field
             twice; TooLarge, also for too many values.
    """
    request.max_content_length = limit_bytes
    return parse_json(request.get_data(cache=False), "The body", names_once=names_once)


def parse_json(data: bytes, what: str, *, names_once: bool = False) -> object:
    """Return the JSON that a request carries; `what` begins the sentence of a refusal.

    Raises:  Invalid, TooLarge, as `read_json`.
    """
    containers = data.count(b"{") + data.count(b"[")
    if containers > MAX_JSON_CONTAINERS or data.count(b",") > MAX_JSON_VALUES:
        raise TooLarge(
            f"The JSON has too many values: at most {MAX_JSON_VALUES:,}, and "
            f"{MAX_JSON_CONTAINERS:,} lists and objects. Send it in several requests."
        )
    try:
        value: object = json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_named_once if names_once else None,
        )
        if _SURROGATE.search(data):  # half of a surrogate pair is JSON and no text
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{what} is no JSON in UTF-8 that can be read{_place_of(error)}.") from error
    return value


def _place_of(error: Exception) -> str:
    """Say where the JSON broke, or why, where that is known."""
    if isinstance(error, RecursionError):
        return ": it is nested too deep"
    if not isinstance(error, json.JSONDecodeError):
        return ""
    return f": line {error.lineno}, column {error.colno}"


def _named_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name in named if times[name] > 1)
        raise Invalid(
            f"The JSON names the field {twice!a:.100} twice in one object.",
            details={"field": twice[:100]},
        )
    return named


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
