"""What a server says when it refuses: Labset in its one shape, asset databases in the seed's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from labset.errors import LabsetError, error_of

_CODE = re.compile(r"[a-z][a-z0-9_]*")


def refusal_of(
    status: int, reason: str, text: bytes, more: Mapping[str, object] | None = None
) -> LabsetError:
    """Return the error that an answer tells; `more` goes into its details.

    Labset tells a code (`error`), a sentence (`message`) and `details`; asset databases that others
    wrote tell one sentence, as `error` or as `message`.
    """
    body = _object_in(text)
    code, sentence = _said(body)
    details = body.get("details")
    known = dict(details) if isinstance(details, dict) else {}
    return error_of(
        status, code, sentence or _without_words(status, reason), {**known, **(more or {})}
    )


def refusal_in(body: Mapping[str, object], status: int = HTTPStatus.OK) -> LabsetError:
    """Return the error that a body with `"success": false` tells, whatever its status."""
    code, sentence = _said(body)
    return error_of(status, code, sentence or "The server refuses and says no more.", {})


def _object_in(text: bytes) -> Mapping[str, object]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _said(body: Mapping[str, object]) -> tuple[str, str]:
    """Return the code, which may be empty, and the sentence."""
    error, message = (_text(body.get(name)) for name in ("error", "message"))
    if message and error != message:
        return error if _CODE.fullmatch(error) else "", message
    return "", error


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _without_words(status: int, reason: str) -> str:
    told = f"The server answered {status} {reason}."
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        told += " That is no answer of a Labset: is the address right?"
    return told
