"""Personal access tokens: made by administrators for others, looked at and revoked by their owners."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.entities.users import personal_token
from devstack.gitlab.errors import Refusal, bad_request, not_found, unauthorized
from devstack.gitlab.identity import caller, current_user, require_admin, require_scope
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.database import today
from devstack.gitlab.store.tokens import (
    SCOPES,
    PersonalToken,
    create_token,
    find_token_by_id,
    latest_expiry,
)

blueprint = Blueprint("personal_access_tokens", __name__)

_NEW = (
    Field("name", required=True, blank=False),
    Field("description"),
    Field("scopes", "strings", required=True, values=SCOPES),
    Field("expires_at", "day"),
)
_SELF_SCOPES = ("k8s_proxy", "self_rotate")


@blueprint.post("/users/<int:user_id>/personal_access_tokens")
def create_for(user_id: int) -> tuple[Response, int]:
    """Make a token for somebody (administrators); its text is in this answer only."""
    require_admin()
    return _create(existing_user(user_id).id, _NEW)


@blueprint.post("/user/personal_access_tokens")
def create_own() -> tuple[Response, int]:
    """Make a token for oneself, of the harmless scopes only, as GitLab has it."""
    user = current_user()
    fields = tuple(
        Field("scopes", "strings", required=True, values=_SELF_SCOPES) if f.name == "scopes" else f
        for f in _NEW
    )
    return _create(user.id, fields)


def _create(user_id: int, fields: tuple[Field, ...]) -> tuple[Response, int]:
    given = read(*fields)
    expires_at = given.get("expires_at") or latest_expiry()
    if not given["scopes"]:
        raise bad_request("Scopes can't be blank")
    if expires_at < today():
        raise bad_request("Expiration date must be in the future")
    if expires_at > latest_expiry():
        raise bad_request(f"Expiration date must be before {latest_expiry()}")
    token_id, secret = create_token(
        here().database,
        user_id,
        given["name"],
        given["scopes"],
        expires_at,
        description=given.get("description"),
    )
    return jsonify(personal_token(_existing(token_id), secret)), 201


@blueprint.get("/personal_access_tokens")
def list_tokens() -> Response:
    """One's own tokens; everybody's for administrators."""
    user = current_user()
    given = read(
        Field("user_id", "integer"),
        Field("revoked", "boolean"),
        Field("search"),
        Field("state", values=("active", "inactive")),
    )
    owner = given.get("user_id")
    if not user.admin:
        if owner not in (None, user.id):
            raise unauthorized()
        owner = user.id
    where, values = ("WHERE user_id = ?", (owner,)) if owner is not None else ("", ())
    tokens = [
        PersonalToken(*row)
        for row in here().database.rows(f"SELECT * FROM tokens {where} ORDER BY id DESC", values)
    ]
    wanted = [token for token in tokens if _fits(token, given)]
    return paged_list([personal_token(token) for token in wanted], wanted_page())


def _fits(token: PersonalToken, given: dict[str, object]) -> bool:
    if given.get("revoked") is not None and bool(token.revoked) != given["revoked"]:
        return False
    if given.get("state") is not None and token.active != (given["state"] == "active"):
        return False
    return str(given.get("search") or "").lower() in token.name.lower()


@blueprint.get("/personal_access_tokens/self")
def show_self() -> Response:
    """Answer the token in use."""
    return jsonify(personal_token(_own()))


@blueprint.get("/personal_access_tokens/<int:token_id>")
def show(token_id: int) -> Response:
    """Answer one token."""
    return jsonify(personal_token(_reachable(token_id)))


@blueprint.delete("/personal_access_tokens/self")
def revoke_self() -> tuple[str, int]:
    """End the token in use."""
    return _revoke(_own())


@blueprint.delete("/personal_access_tokens/<int:token_id>")
def revoke(token_id: int) -> tuple[str, int]:
    """End a token."""
    require_scope("api")
    return _revoke(_reachable(token_id))


@blueprint.post("/personal_access_tokens/self/rotate")
def rotate_self() -> Response:
    """Replace the token in use by a new one."""
    require_scope("api", "self_rotate")
    return _rotate(_own())


@blueprint.post("/personal_access_tokens/<int:token_id>/rotate")
def rotate(token_id: int) -> Response:
    """Replace a token by a new one with the same name and scopes."""
    require_scope("api")
    return _rotate(_reachable(token_id))


def _revoke(token: PersonalToken) -> tuple[str, int]:
    here().database.update("tokens", token.id, revoked=1)
    return "", 204


def _rotate(token: PersonalToken) -> Response:
    given = read(Field("expires_at", "day"))
    database = here().database
    with database.changes():
        database.update("tokens", token.id, revoked=1)
        expires_at = given.get("expires_at") or latest_expiry()
        new_id, secret = create_token(
            database,
            token.user_id,
            token.name,
            token.scopes.split(),
            expires_at,
            description=token.description,
        )
    return jsonify(personal_token(_existing(new_id), secret))


def _own() -> PersonalToken:
    current_user()
    token = caller().token
    if token is None:
        raise Refusal(
            400,
            {
                "message": "400 Bad request - This endpoint requires token type to be a personal access token"
            },
        )
    return token


def _reachable(token_id: int) -> PersonalToken:
    user = current_user()
    token = find_token_by_id(here().database, token_id)
    if user.admin and token is None:
        raise not_found("Personal Access Token")
    if token is None or (token.user_id != user.id and not user.admin):
        raise unauthorized()
    return token


def _existing(token_id: int) -> PersonalToken:
    token = find_token_by_id(here().database, token_id)
    if token is None:
        raise not_found("Personal Access Token")
    return token
