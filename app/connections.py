"""Connections whose body was refused half way: closed, and the client is told so.

Behind an answer, gunicorn reads at most 64 KiB of a body that nobody wanted, then closes a connection
that it had called `keep-alive`: the client's next request would be lost on it.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, request

_READ_ANYWAY_BYTES = 32 * 1024


def register_connections(app: Flask) -> None:
    """Close connections of `app` on which the rest of a large refused body is still to come."""
    app.after_request(_close_behind_refused_body)


def _close_behind_refused_body(response: Response) -> Response:
    message = getattr(request.environ.get("wsgi.input"), "message", None)
    if message is not None and response.status_code >= HTTPStatus.BAD_REQUEST and _has_large_body():
        message.must_close = True
    return response


def _has_large_body() -> bool:
    length_bytes = request.content_length
    if length_bytes is None:
        return "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    return length_bytes > _READ_ANYWAY_BYTES
