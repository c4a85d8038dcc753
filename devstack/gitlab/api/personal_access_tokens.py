"""Personal access tokens: made by administrators for others, looked at and revoked by their owners."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.entities.users import personal_token
from devstack.gitlab.errors import Refusal, bad_request, not_found, unauthorized, unprocessable
from devstack.gitlab.identity import caller, current_user, require_admin, require_scope
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.tokens import (
    SCOPES,
    PersonalToken,
    create_token,
    find_token_by_id,
    latest_expiry,
    note_rotation,
    revoke_successors,
    rotated_expiry,
)
from devstack.gitlab.store.users import find_user

blueprint = Blueprint("personal_access_tokens", __name__)

_NEW = (
    Field("name", required=True),
    Field("description"),
    Field("scopes", "strings", required=True, values=SCOPES),
    Field("expires_at", "day"),
)
_SELF_SCOPES = ("k8s_proxy", "self_rotate")
_MOMENTS = {
    f"{word}_{side}": (f"{word}_at", side == "after")
    for word in ("created", "last_used")
    for side in ("before", "after")
}
_ORDERS: dict[str | None, str] = {
    None: "id",
    **{
        f"{word}_{way}": f"{column} {way}, id DESC"
        for word, column in (
            ("created", "created_at"),
            ("expires", "expires_at"),
            ("last_used", "last_used_at"),
            ("name", "name"),
        )
        for way in ("asc", "desc")
    },
}
_FILTERS = (
    Field("user_id", "integer"),
    Field("revoked", "boolean"),
    Field("search"),
    Field("state", values=("active", "inactive")),
    Field("expires_before", "day"),
    Field("expires_after", "day"),
    Field("sort", values=tuple(_ORDERS)),
    *(Field(name, "time") for name in _MOMENTS),
)


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
    problems = ["Name can't be blank"] if not given["name"] else []
    if not given["scopes"]:
        problems.append("Scopes can't be blank")
    if problem := _too_late(expires_at):
        problems.append(problem)
    if problems:
        raise unprocessable(", ".join(problems[:-1]) + " and " * (len(problems) > 1) + problems[-1])
    token_id, secret = create_token(
        here().database,
        user_id,
        given["name"],
        given["scopes"],
        expires_at,
        description=given.get("description"),
    )
    return jsonify(personal_token(_existing(token_id), secret)), 201


def _too_late(expires_at: str) -> str | None:
    """Return GitLab's complaint about a day beyond the longest life; a day in the past is none."""
    latest = latest_expiry()
    return f"Expiration date must be before {latest}" if expires_at > latest else None


@blueprint.get("/personal_access_tokens")
def list_tokens() -> Response:
    """One's own tokens; everybody's for administrators."""
    user = current_user()
    given = read(*_FILTERS)
    owner = given.get("user_id")
    if not user.admin:
        if owner not in (None, user.id):
            raise unauthorized()
        owner = user.id
    elif "user_id" in given and (owner is None or find_user(here().database, owner) is None):
        raise _gone()
    where, values = ("WHERE user_id = ?", (owner,)) if owner is not None else ("", ())
    if not user.admin:
        where += " AND id NOT IN (SELECT token_id FROM impersonations)"
    order = _ORDERS[given.get("sort")]
    tokens = [
        PersonalToken(*row)
        for row in here().database.rows(f"SELECT * FROM tokens {where} ORDER BY {order}", values)
    ]
    wanted = [token for token in tokens if _fits(token, given)]
    return paged_list([personal_token(token) for token in wanted], wanted_page())


def _fits(token: PersonalToken, given: dict[str, object]) -> bool:
    if given.get("revoked") is not None and bool(token.revoked) != given["revoked"]:
        return False
    if given.get("state") is not None and token.active != (given["state"] == "active"):
        return False
    if str(given.get("search") or "").lower() not in token.name.lower():
        return False
    return _in_days(token.expires_at, given) and all(
        _on_side(getattr(token, column), moment, after=after)
        for name, (column, after) in _MOMENTS.items()
        if isinstance(moment := given.get(name), datetime)
    )


def _in_days(day: str | None, given: dict[str, object]) -> bool:
    """Whether a token's last day lies between those asked for; the later one does not count."""
    before, after = given.get("expires_before"), given.get("expires_after")
    if before is None and after is None:
        return True
    return day is not None and str(after or "") <= day and (before is None or day < str(before))


def _on_side(text: str | None, moment: datetime, *, after: bool) -> bool:
    """Whether a stored time lies after (or before) a moment; what never happened lies nowhere."""
    if text is None:
        return False
    known = datetime.fromisoformat(text)
    return known >= moment if after else known <= moment


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
    user = current_user()
    token = find_token_by_id(here().database, token_id)
    if token is None:
        raise not_found()
    if token.user_id != user.id and not user.admin:
        raise bad_request("400 Bad request")
    return _revoke(token)


@blueprint.post("/personal_access_tokens/self/rotate")
def rotate_self() -> Response:
    """Replace the token in use by a new one."""
    current_user()
    require_scope("api", "self_rotate")
    token = caller().token
    if token is None:
        raise Refusal(405, {"message": "405 Method Not Allowed"})
    return _rotate(token)


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
    if token.revoked:
        revoke_successors(database, token.id)
        raise bad_request("400 Bad request - Token already revoked")
    expires_at = given.get("expires_at") or rotated_expiry()
    if problem := _too_late(expires_at):
        raise bad_request(f"400 Bad request - {problem}")
    with database.changes():
        database.update("tokens", token.id, revoked=1)
        new_id, secret = create_token(
            database,
            token.user_id,
            token.name,
            token.scopes.split(),
            expires_at,
            description=token.description,
        )
        note_rotation(database, new_id, token.id)
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
        raise _gone()
    if token is None or (token.user_id != user.id and not user.admin):
        raise unauthorized()
    return token


def _existing(token_id: int) -> PersonalToken:
    token = find_token_by_id(here().database, token_id)
    if token is None:
        raise _gone()
    return token


def _gone() -> Refusal:
    return Refusal(404, {"message": "404 Not Found"})
