"""What other asset databases say, read as carefully as anything that strangers send.

Source:  seed 001: `GET /health`, `POST /assets` and the fields of AssetObject.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn, cast

from core.errors import Forbidden, Invalid
from core.model.external_urls import check_external_url
from core.model.json_values import JsonValue, check_json
from outgoing.problems import NO_DATABASE, TOO_LARGE, UNHEALTHY, CallFailed

MAX_ANSWER_CONTAINERS = 20_000  # lists and objects: 50 bytes of JSON each, in memory some hundred
MAX_ANSWER_VALUES = 60_000
MAX_OTHERS_CHARACTERS = 1_000  # of a name, URI, id or tag
MAX_OTHERS_TAGS = 100


def check_says_healthy(data: bytes) -> None:
    """Raise CallFailed, if the body of an answer to `/health` does not say that all is well."""
    if _read_object(data).get("success") is False:
        raise CallFailed(UNHEALTHY)


def read_found(
    data: bytes, limit: int, allowed_hosts: Collection[str]
) -> tuple[Mapping[str, JsonValue], ...]:
    """Return the first entries in the body of an answer to `/assets`; those without a name are none.

    An address in one that nobody here may register as an external asset's is left out.

    Raises:  CallFailed.
    """
    body = _read_object(data)
    rows = body.get("data")
    if body.get("success") is False or not isinstance(rows, list):
        raise CallFailed(NO_DATABASE)
    read = (_read_entry(row, allowed_hosts) for row in rows if isinstance(row, dict))
    named = [entry for entry in read if entry["asset_name"]]
    return tuple(named[:limit])


def _read_object(data: bytes) -> dict[str, JsonValue]:
    if data.count(b"{") + data.count(b"[") > MAX_ANSWER_CONTAINERS:
        raise CallFailed(TOO_LARGE)
    if data.count(b",") > MAX_ANSWER_VALUES:
        raise CallFailed(TOO_LARGE)
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CallFailed(NO_DATABASE) from error
    if not isinstance(value, dict):
        raise CallFailed(NO_DATABASE)
    return cast("dict[str, JsonValue]", value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_entry(
    row: Mapping[str, JsonValue], allowed_hosts: Collection[str]
) -> dict[str, JsonValue]:
    """Return the entry with the fields of the seed alone; what cannot be read is empty."""
    version = row.get("asset_version")
    version = version if isinstance(version, dict) else {}
    return {
        "asset_uri": _text(row.get("asset_uri")),
        "asset_name": _text(row.get("asset_name")),
        "asset_id": _text(row.get("asset_id")),
        "assets_db_id": _text(row.get("assets_db_id")),
        "asset_version": {part: _text(version.get(part)) for part in ("version", "tag")},
        "asset_metadata": _object(row.get("asset_metadata")),
        "asset_public_url": _address(row.get("asset_public_url"), allowed_hosts),
        "asset_file_info": _object(row.get("asset_file_info")),
        "asset_tags": _tags(row.get("asset_tags")),
    }


def _text(value: JsonValue) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)  # a version 1.0 without its quotes
    if not isinstance(value, str) or len(value) > MAX_OTHERS_CHARACTERS:
        return ""
    return value if value.isprintable() else ""


def _object(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        return {}
    try:
        check_json(value, "asset_metadata")
    except Invalid:
        return {}
    return value


def _tags(value: JsonValue) -> list[JsonValue]:
    tags: Sequence[JsonValue] = value if isinstance(value, list) else ()
    return [text for text in map(_text, tags[:MAX_OTHERS_TAGS]) if text]


def _address(value: JsonValue, allowed_hosts: Collection[str]) -> str:
    text = value if isinstance(value, str) else ""
    try:
        check_external_url(text, allowed_hosts)
    except (Invalid, Forbidden):
        return ""
    return text
