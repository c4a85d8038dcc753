"""The one table from what went wrong to what HTTP calls it, and the one shape it is told in.

Programs (`/api`, `/dvc`, `/hooks` …) get `{"error", "message", "details"}`, people a page; both get the
request id. The routes of the asset database add `"success": false`, as their seed has it. `Damaged` is
502: the fault lies behind us, and no cache or client may take it for a 404.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import escape
from werkzeug.exceptions import ClientDisconnected, HTTPException

from app.bodies import CUT_OFF
from app.caller import Door, caller
from app.headers import request_id
from app.login import sign_in_url
from core.errors import (
    Conflict,
    Damaged,
    Forbidden,
    Gone,
    Incomplete,
    Invalid,
    LabsetError,
    NotFound,
    RangeUnsatisfiable,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

_log = logging.getLogger("labset.errors")

STATUS: Mapping[type[LabsetError], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Gone: HTTPStatus.GONE,
    Incomplete: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RangeUnsatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    Damaged: HTTPStatus.BAD_GATEWAY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    LabsetError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

# What werkzeug refuses by itself, in our words; other statuses are called by their HTTP names.
_CODES: Mapping[int, str] = {400: "invalid", 403: "forbidden", 404: "not_found", 413: "too_large"}

_PLAIN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} – Labset</title>'
    "<h1>{status} {title}</h1><p>{message}</p>"
)

_FOR_PROGRAMS = ("/api/", "/dvc/", "/hooks/", "/health", "/metrics", "/.well-known/")
_OF_ASSETS = re.compile(
    r"/(upload_asset|asset|asset-object|asset_registry|asset_registries|check_health)(/|$)"
    r"|/api/v1/(assets(/|$)|datasets/[0-9]+/assets$)"
)


def register_errors(app: Flask) -> None:
    """Give every failure of `app` its status and shape."""
    app.register_error_handler(LabsetError, _tell_ours)
    app.register_error_handler(HTTPException, _tell_http)
    app.register_error_handler(Exception, _tell_unexpected)


def status_of(error: LabsetError) -> HTTPStatus:
    """Return the status of the error's class, or of the nearest class above it."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def wants_json() -> bool:
    """Whether a program asks: by the route, or by saying so."""
    if request.path.startswith(_FOR_PROGRAMS) or _is_of_assets():
        return True
    if request.url_rule is None and "text/html" not in request.headers.get("Accept", ""):
        return True  # no page of ours, and no browser
    return request.accept_mimetypes.best == "application/json"


def _is_of_assets() -> bool:
    """Whether the route is one of the asset database's; `GET /assets` is a page."""
    is_query = request.path == "/assets" and request.method not in {"GET", "HEAD"}
    return is_query or _OF_ASSETS.match(request.path) is not None


def _tell_ours(error: LabsetError) -> ResponseReturnValue:
    if isinstance(error, Unauthenticated) and _may_sign_in():
        return redirect(sign_in_url())
    if wants_json():
        return tell_program(error)
    status = _logged_status(error)
    response = _page(status, error.code, error.message, error.details)
    _add_facts(response, error)
    return response


def tell_program(error: LabsetError) -> Response:
    """Answer an error of ours as programs are told it."""
    response = _json(_logged_status(error), error.code, error.message, error.details)
    _add_facts(response, error)
    return response


def _logged_status(error: LabsetError) -> HTTPStatus:
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("%s %s: %s", status.value, error.code, error.message)
    return status


def _add_facts(response: Response, error: LabsetError) -> None:
    """Add what HTTP has headers for."""
    if isinstance(error, Unauthenticated):
        # never Basic: a browser would remember the password and send it by itself
        response.headers["WWW-Authenticate"] = 'Bearer realm="Labset"'
    elif isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, RangeUnsatisfiable):
        response.headers["Content-Range"] = f"bytes */{error.size_bytes}"


def _tell_http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, ClientDisconnected):
        return _tell(HTTPStatus.BAD_REQUEST, "body_cut_off", CUT_OFF, {})
    if error.response is not None or error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error.get_response()
    status = HTTPStatus(error.code)
    code = _CODES.get(error.code, status.name.lower())
    response = _tell(status, code, error.description or status.description, {})
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            response.headers[name] = value
    return response


def _tell_unexpected(error: Exception) -> ResponseReturnValue:
    _log.error("unexpected %s", type(error).__name__, exc_info=error)
    return _tell(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        f"Something went wrong here. Whoever runs this Labset finds it as request {request_id()}.",
        {},
    )


def _tell(status: HTTPStatus, code: str, message: str, details: Mapping[str, object]) -> Response:
    tell = _json if wants_json() else _page
    return tell(status, code, message, details)


def _json(status: HTTPStatus, code: str, message: str, details: Mapping[str, object]) -> Response:
    told = {"error": code, "message": message, "details": dict(details)}
    response = jsonify({"success": False, **told} if _is_of_assets() else told)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(status: HTTPStatus, code: str, message: str, details: Mapping[str, object]) -> Response:
    facts = {"status": status.value, "title": status.phrase, "code": code, "message": message}
    try:
        body = render_template(
            "errors/error.html", **facts, details=details, request_id=request_id()
        )
    except Exception:  # noqa: BLE001 - the last resort, and it is logged
        # what broke the page may break this one as well; people still get the sentence
        _log.exception("the error page could not be made")
        body = _PLAIN.format(**{name: escape(fact) for name, fact in facts.items()})
    return Response(body, status, headers={"Cache-Control": "no-store"})


def _may_sign_in() -> bool:
    """Whether a person who is nobody yet asked for a page."""
    if wants_json() or request.method not in {"GET", "HEAD"}:
        return False
    if request.path.startswith("/sign-in"):
        return False
    try:
        return caller().door is Door.NONE
    except Unauthenticated:
        return False
