"""What requests to the asset database and the registry carry: JSON objects, and queries of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.bodies import MAX_FIELDS_BYTES, parse_json, read_json
from app.caller import caller
from core.errors import Invalid
from core.model.filters.queries import DocumentQuery, DocumentShape, parse_query
from core.model.json_values import JsonValue

_FORM_WITH_FILES = "multipart/form-data"
_FORM = "application/x-www-form-urlencoded"


def asset_json() -> Mapping[str, JsonValue]:
    """Return the body's JSON object, in which each name stands once.

    Whatever type it says it has is fine, but that of a form: that is what a page of somebody else's
    makes a browser send. `curl -d` says it as well; where nothing that browsers send by themselves says
    who asks, its JSON is taken. (Nobody in particular is protected by `app.csrf`, where he may write.)
    Raises:  Invalid, TooLarge; UnsupportedMediaType, for a form; Unauthenticated.
    """
    if request.mimetype == _FORM_WITH_FILES or (
        request.mimetype == _FORM and caller().door.is_ambient
    ):
        raise UnsupportedMediaType(
            "This route takes JSON, no form: send it with Content-Type: application/json."
        )
    return _object_of(read_json(MAX_FIELDS_BYTES, names_once=True), "The body")


def form_json(data: bytes, field: str) -> Mapping[str, JsonValue]:
    """Return the JSON object that a field of a form carries.

    Raises:  Invalid, TooLarge.
    """
    return _object_of(parse_json(data, field, names_once=True), field)


def document_query(wanted: Mapping[str, JsonValue], shape: DocumentShape) -> DocumentQuery:
    """Return what a filter and the address ask for: `?sort=&fields=&limit=&cursor=`.

    Raises:  Invalid, TooLarge.
    """
    asked = request.args
    return parse_query(
        wanted,
        sort=asked.get("sort", ""),
        fields=asked.get("fields", ""),
        limit=asked.get("limit"),
        cursor=asked.get("cursor"),
        fields_of=shape,
    )


def _object_of(value: object, what: str) -> Mapping[str, JsonValue]:
    if not isinstance(value, dict):
        raise Invalid(f"{what} must be a JSON object: {{…}}.")
    return cast("Mapping[str, JsonValue]", value)
