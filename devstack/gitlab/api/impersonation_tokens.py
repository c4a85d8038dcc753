"""Impersonation tokens: made by administrators to act as somebody, unseen by that account."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.entities.users import personal_token
from devstack.gitlab.errors import invalid, not_found
from devstack.gitlab.identity import require_admin
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.tokens import (
    SCOPES,
    PersonalToken,
    create_token,
    impersonations,
    latest_expiry,
    mark_impersonation,
)

blueprint = Blueprint("impersonation_tokens", __name__)


def _body(token: PersonalToken, secret: str | None = None) -> dict[str, object]:
    return {**personal_token(token, secret), "impersonation": True}


def _of(user_id: int) -> list[PersonalToken]:
    require_admin()
    return impersonations(here().database, existing_user(user_id).id)


@blueprint.get("/users/<int:user_id>/impersonation_tokens")
def list_impersonations(user_id: int) -> Response:
    """Answer the tokens by which administrators act as somebody."""
    tokens = _of(user_id)
    state = read(Field("state", values=("all", "active", "inactive"))).get("state") or "all"
    found = [one for one in tokens if state == "all" or one.active == (state == "active")]
    return paged_list([_body(token) for token in found], wanted_page())


@blueprint.post("/users/<int:user_id>/impersonation_tokens")
def create(user_id: int) -> tuple[Response, int]:
    """Make one; its text is in this answer only."""
    require_admin()
    user = existing_user(user_id)
    given = read(
        Field("name", required=True),
        Field("description"),
        Field("scopes", "strings", values=SCOPES),
        Field("expires_at", "day"),
    )
    scopes, expires_at = given.get("scopes") or [], given.get("expires_at") or latest_expiry()
    problems = {} if given["name"] else {"name": ["can't be blank"]}
    if not scopes:
        problems["scopes"] = ["can't be blank"]
    if expires_at > latest_expiry():
        problems["expires_at"] = [f"must be before {latest_expiry()}"]
    if problems:
        raise invalid(**problems)
    database, more = here().database, {"description": given.get("description")}
    with database.changes():
        token_id, secret = create_token(
            database, user.id, given["name"], scopes, expires_at, **more
        )
        mark_impersonation(database, token_id)
    return jsonify(_body(_one(user_id, token_id), secret)), 201


@blueprint.get("/users/<int:user_id>/impersonation_tokens/<int:token_id>")
def show(user_id: int, token_id: int) -> Response:
    """Answer one."""
    return jsonify(_body(_one(user_id, token_id)))


@blueprint.delete("/users/<int:user_id>/impersonation_tokens/<int:token_id>")
def revoke(user_id: int, token_id: int) -> tuple[str, int]:
    """End one."""
    here().database.update("tokens", _one(user_id, token_id).id, revoked=1)
    return "", 204


def _one(user_id: int, token_id: int) -> PersonalToken:
    found = next((token for token in _of(user_id) if token.id == token_id), None)
    if found is None:
        raise not_found("Impersonation Token")
    return found
