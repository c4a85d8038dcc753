"""Who the caller is, and the token that a browser's unsafe requests need."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.caller import actor, platform
from app.csrf import csrf_token

blueprint = Blueprint("api_identity", __name__, url_prefix="/api/v1")


@blueprint.get("/user")
def user() -> Response:
    """Say whom GitLab knows by the caller's credential, and what it tells of the token."""
    directory = platform().directory
    person = directory.read_person(actor())
    token = directory.find_token(actor())
    expires_on = token.expires_on if token else None
    return _private(
        {
            "id": person.id,
            "username": person.username,
            "name": person.name,
            "is_admin": person.is_admin,
            "avatar_url": person.avatar_url,
            "scopes": sorted(token.scopes) if token else None,
            "expires_at": expires_on.isoformat() if expires_on else None,
        }
    )


@blueprint.get("/csrf")
def csrf() -> Response:
    """Tell the token for `X-CSRF-Token`; empty for callers who need none."""
    return _private({"csrf_token": csrf_token()})


def _private(body: dict[str, object]) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    return response
