"""Who is asking: nobody, or an account by way of a token, with the scopes of that token."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import g, request

from devstack.gitlab.errors import Refusal, forbidden, unauthorized
from devstack.gitlab.state import here
from devstack.gitlab.store.oauth import find_access_token
from devstack.gitlab.store.tokens import PersonalToken, find_token, note_use, revoke_successors
from devstack.gitlab.store.users import User, find_by_username, find_user

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database

_REALM = "Protected by OAuth 2.0"
WRITING_SCOPES = ("api",)
READING_SCOPES = ("api", "read_api")


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a request; `scopes` None means that no token limits it (a signed-in browser, a password)."""

    user: User | None = None
    scopes: frozenset[str] | None = frozenset()
    token: PersonalToken | None = None

    def has_scope(self, *wanted: str) -> bool:
        """Whether one of `wanted` was granted."""
        return self.scopes is None or not self.scopes.isdisjoint(wanted)


NOBODY = Caller()


def caller() -> Caller:
    """Return who asks, read once per request.

    Raises: Refusal 401 for a token that is none, 403 for a blocked account or too little scope.
    """
    found: Caller | None = g.get("caller")
    if found is None:
        found = g.caller = _sudo(_by_token())
    return found


def current_user() -> User:
    """Return the account that asks; 401 without one."""
    user = caller().user
    if user is None:
        raise unauthorized()
    return user


def require_admin() -> User:
    """Return the administrator who asks; 401 without an account, 403 for others."""
    user = current_user()
    if not user.admin:
        raise forbidden()
    return user


def require_scope(*accepted: str) -> None:
    """403 in OAuth's words, unless the token has one of `accepted`; nobody passes (and is judged elsewhere)."""
    asking = caller()
    if asking.user is not None and not asking.has_scope(*accepted):
        raise insufficient_scope(*accepted)


def insufficient_scope(*accepted: str) -> Refusal:
    """403 that names the scopes that would do."""
    return Refusal(
        403,
        {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": " ".join(accepted),
        },
    )


def caller_of_secret(database: Database, secret: str) -> Caller:
    """Return the account behind a personal or OAuth token.

    Raises: Refusal 401, if it is unknown, revoked or expired; 403, if the account is blocked.
    """
    personal = find_token(database, secret)
    if personal is not None:
        if personal.revoked and request.path.endswith("/personal_access_tokens/self/rotate"):
            revoke_successors(database, personal.id)
        _refuse_dead(revoked=bool(personal.revoked), expired=personal.expired)
        note_use(database, personal)
        return Caller(
            _active(find_user(database, personal.user_id)),
            frozenset(personal.scopes.split()),
            personal,
        )
    granted = find_access_token(database, secret)
    if granted is None:
        raise unauthorized()
    _refuse_dead(revoked=bool(granted.revoked), expired=granted.expired)
    return Caller(_active(find_user(database, granted.user_id)), frozenset(granted.scopes.split()))


def _by_token() -> Caller:
    """Judge the token; where personal tokens belong, one of OAuth is unknown."""
    secret = token_of_request()
    if secret is None:
        return NOBODY
    found = caller_of_secret(here().database, secret)
    personal = (request.headers.get("PRIVATE-TOKEN"), request.args.get("private_token"))
    if found.token is None and secret in personal:
        raise unauthorized()
    return found


def token_of_request() -> str | None:
    """Return the token text that came along, by header or query; None without."""
    private = request.headers.get("PRIVATE-TOKEN")
    if private is not None:
        return private
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    return request.args.get("private_token") or request.args.get("access_token")


def _refuse_dead(*, revoked: bool, expired: bool) -> None:
    if not revoked and not expired:
        return
    text = "Token was revoked. You have to re-authorize from the user."
    if expired:
        text = "Token is expired. You can either do re-authorization or token refresh."
    raise Refusal(
        401,
        {"error": "invalid_token", "error_description": text},
        WWW_Authenticate=f'Bearer realm="{_REALM}", error="invalid_token", error_description="{text}"',
    )


def _active(user: User | None) -> User:
    if user is None:
        raise unauthorized()
    if not user.active:
        raise forbidden(_why_shut_out(user))
    return user


def _why_shut_out(user: User) -> str:
    if user.state == "deactivated":
        return (
            "Your account has been deactivated by your administrator. "
            f"Please log back in from a web browser to reactivate your account at {here().external_url}"
        )
    return "Your account has been blocked."


def _sudo(asking: Caller) -> Caller:
    """Follow the Sudo header: an administrator whose token has the scope acts as somebody else."""
    wanted = request.headers.get("Sudo") or request.args.get("sudo")
    if not wanted:
        return asking
    if asking.user is None:
        raise unauthorized()
    if not asking.user.admin:
        raise forbidden("Must be admin to use sudo")
    if not asking.has_scope("sudo"):
        raise insufficient_scope("sudo")
    database = here().database
    other = (
        find_user(database, int(wanted))
        if wanted.isdecimal()
        else find_by_username(database, wanted)
    )
    if other is None:
        raise Refusal(404, {"message": f"404 User with ID or username '{wanted}' Not Found"})
    return replace(asking, user=other)
