"""What requests to the asset database and the registry carry: JSON objects, and queries of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from app.bodies import MAX_FIELDS_BYTES, parse_json, read_json
from core.errors import Invalid
from core.model.filters.queries import DocumentQuery, DocumentShape, parse_query
from core.model.json_values import JsonValue

_FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


def asset_json() -> Mapping[str, JsonValue]:
    """Return the body's JSON object, in which each name stands once.

    Whatever type it says it has is fine, but that of a form: `curl -d` says so by itself, and means
    JSON as seldom as a page's form does.
    Raises:  Invalid, TooLarge; UnsupportedMediaType, for a form.
    """
    if request.mimetype in _FORMS:
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
