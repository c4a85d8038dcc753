"""The envelopes around what asset databases answer: `{"success": true, "data": …}`.

Source:  COMPAT 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps, loads
from typing import Any
from urllib.parse import quote

from labset.errors import LabsetError, Misused
from labset.transport.connection import Connection
from labset.transport.refusal import refusal_in

Json = Mapping[str, Any]


def address_of(route: str, key: str) -> str:
    """Return `/<route>/<key>`, the key quoted as a whole.

    Raises:  Misused, for what would lead to another address.
    """
    if key.strip() in {"", ".", ".."}:
        raise Misused(f"{key!r} names nothing: say a URI (name:version-tag) or an id.")
    return f"/{route}/{quote(key, safe='')}"


def ask_body(
    connection: Connection,
    method: str,
    path: str,
    *,
    json: object = None,
    params: Mapping[str, object] | None = None,
    repeatable: bool | None = None,
) -> Json:
    """Return the body of an answer that says success.

    Raises:  what the server refuses; LabsetError, where no asset database answers.
    """
    content = None if json is None else json_bytes(json)
    headers = None if json is None else {"Content-Type": "application/json"}
    answer = connection.send(
        method, path, content=content, headers=headers, params=params, repeatable=repeatable
    )
    return read_body(answer.content, connection.server)


def read_body(text: bytes, server: str) -> Json:
    """Return the body of an answer that says success. Raises: as `ask_body`."""
    try:
        body = loads(text)
    except ValueError:
        body = None
    return checked_body(body, server)


def json_bytes(value: object) -> bytes:
    """Return JSON. Raises Misused for what is none: not a number, infinity, no text at all."""
    try:
        return dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as problem:
        raise Misused(f"This is no JSON: {problem}.") from problem


def checked_body(body: object, server: str) -> Json:
    """Return a body that says success. Raises: as `ask_body`."""
    if not isinstance(body, dict) or "success" not in body:
        raise LabsetError(
            f"{server} does not answer as an asset database: is the address right?", "no_database"
        )
    if body["success"] is not True:
        raise refusal_in(body)
    return body


def object_in(body: Json) -> Json:
    """Return `data`, which is an object; of an answer without one, the answer itself."""
    data = body.get("data")
    return data if isinstance(data, dict) else body


def rows_in(body: Json, field: str = "data") -> Sequence[Json]:
    """Return `data`, or another field, which is a list of objects."""
    data = body.get(field)
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
