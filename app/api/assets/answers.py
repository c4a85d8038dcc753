"""How the asset database and the registry answer: the seed's envelopes.

Source:  seed 001, COMPAT 0.2. What goes wrong is told by `app/errors.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Response, jsonify, request

from app.caller import asset_house
from core.model.json_values import JsonValue

_PRIVATE = "private, no-cache"


def succeeded(status: HTTPStatus = HTTPStatus.OK, **facts: object) -> Response:
    """Answer `{"success": true}` and what else there is to tell."""
    response = jsonify({"success": True, **facts})
    response.status_code = status
    response.headers["Cache-Control"] = _PRIVATE
    return response


def done(message: str, status: HTTPStatus = HTTPStatus.OK, **data: object) -> Response:
    """Answer that something was made, changed or deleted; old clients look for the sentence in `data`."""
    return succeeded(status, message=message, data={"message": message, **data})


def page_of_documents(documents: Sequence[JsonValue], cursor: str | None) -> Response:
    """Answer one page of a query; `cursor` leads to the next one."""
    response = succeeded(data=documents, next=cursor)
    if cursor is not None:
        kept = [(key, value) for key, value in request.args.items(multi=True) if key != "cursor"]
        query = urlencode([*kept, ("cursor", cursor)])
        address = f"{asset_house().rules.base_url}{request.path}?{query}"
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response
