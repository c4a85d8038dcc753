"""How much of a request's body is taken, and JSON that cannot blow up a process.

Little is read of any body, unless its route takes files: those lift the limit once they begin to
stream, or have the limit of a form with files.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from flask import Flask, request

from core.errors import Invalid, TooLarge
from core.model.uploads import MAX_FILES

MAX_FIELDS_BYTES = 1024 * 1024
MAX_FORM_BYTES = 2 * 1024**3
MAX_JSON_BYTES = 16 * 1024 * 1024  # 20,000 announced files and room to spare
MAX_JSON_VALUES = 1_000_000  # each takes 2 bytes of JSON, dozens in memory
MAX_JSON_CONTAINERS = 250_000  # each takes 3 bytes of JSON, hundreds in memory

_FIELDS_BESIDE = 100
_ENDLESS_BYTES = 2**63 - 1
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_FORMS_WITH_FILES = frozenset({"api_files.post", "uploads.send", "changes.replace"})


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


def read_json(limit_bytes: int = MAX_JSON_BYTES) -> object:
    """Return the body's JSON, whatever it calls itself.

    Raises:  Invalid, for what is no JSON in UTF-8; TooLarge, also for too many values.
    """
    request.max_content_length = limit_bytes
    data = request.get_data(cache=False)
    containers = data.count(b"{") + data.count(b"[")
    if containers > MAX_JSON_CONTAINERS or data.count(b",") > MAX_JSON_VALUES:
        raise TooLarge(
            f"The JSON has too many values: at most {MAX_JSON_VALUES:,}, and "
            f"{MAX_JSON_CONTAINERS:,} lists and objects. Send it in several requests."
        )
    try:
        value: object = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
        if _SURROGATE.search(data):  # half of a surrogate pair is JSON and no text
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is no JSON in UTF-8 that can be read.") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
