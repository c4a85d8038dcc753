"""Refusals in GitLab's two shapes: `{"message": …}` for rights and models, `{"error": …}` for parameters."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

_GRAPE_NAMES = {405: "Not Allowed"}  # where GitLab's framework words a status differently


class Refusal(Exception):
    """An answer other than success.

    `body` is the JSON to send; `headers` are added to it.
    """

    def __init__(self, status: int, body: dict[str, Any], **headers: str) -> None:
        """Keep status, body and headers."""
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def unauthorized() -> Refusal:
    """401: nobody, or a token that is none."""
    return Refusal(401, {"message": "401 Unauthorized"})


def forbidden(reason: str = "") -> Refusal:
    """403, with GitLab's dash and reason where there is one."""
    return Refusal(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def not_found(thing: str = "") -> Refusal:
    """404; `thing` is written with capitals, as in `404 Project Not Found`."""
    return Refusal(404, {"message": f"404 {thing} Not Found" if thing else "404 Not found"})


def bad_request(message: str) -> Refusal:
    """400 with a plain sentence."""
    return Refusal(400, {"message": message})


def unprocessable(message: str) -> Refusal:
    """422 with a plain sentence."""
    return Refusal(422, {"message": message})


def conflict(message: str) -> Refusal:
    """409 with a plain sentence."""
    return Refusal(409, {"message": message})


def invalid(**fields: list[str]) -> Refusal:
    """400 of a model: field → texts."""
    return Refusal(400, {"message": fields})


def invalid_parameters(text: str) -> Refusal:
    """400 of the parameter check."""
    return Refusal(400, {"error": text})


def refusal_response(refusal: Refusal) -> Response:
    """Dress a refusal as a JSON answer."""
    response = jsonify(refusal.body)
    response.status_code = refusal.status
    response.headers.extend(refusal.headers)
    return response


def install(app: Flask) -> None:
    """Teach `app` to answer refusals, unknown routes and crashes in JSON below /api, plainly elsewhere."""

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        return refusal_response(refusal)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/api/"):
            return error
        name = _GRAPE_NAMES.get(error.code or 500, error.name)
        response = jsonify({"error": f"{error.code} {name}"})
        response.status_code = error.code or 500
        if isinstance(error, MethodNotAllowed):
            response.allow.update(error.valid_methods or ())
        return response

    @app.errorhandler(Exception)
    def crashed(error: Exception) -> tuple[Response, int]:
        app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
        return jsonify({"message": "500 Internal Server Error"}), 500
