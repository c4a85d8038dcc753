"""Who the pages show as signed in: Flask-Login over `caller()`, without a cookie of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote

from flask import Flask, Request, Response, request
from flask_login import LoginManager, UserMixin

from app.caller import caller, platform
from core.errors import Unauthenticated, Unavailable


@dataclass(frozen=True, slots=True)
class SignedIn(UserMixin):  # type: ignore[misc] # it has no types
    """The `current_user` of pages."""

    id: int
    username: str
    name: str


class _LedgerLogins(LoginManager):  # type: ignore[misc] # it has no types
    """Flask-Login that keeps nothing: the log-in lies in the ledger."""

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


def register_login(app: Flask) -> None:
    """Give views `login_required` and templates `current_user`."""
    app.config["REMEMBER_COOKIE_NAME"] = "labset_unused"  # it would come before our loader
    manager = _LedgerLogins(app)
    manager.session_protection = None
    manager.request_loader(_load)
    manager.unauthorized_handler(_refuse)
    app.jinja_env.globals["sign_in_url"] = sign_in_url


def sign_in_url() -> str:
    """Return where to sign in and come back to this very page."""
    query = request.query_string.decode("ascii", "ignore")
    here = quote(request.path) + (f"?{query}" if query else "")
    return f"/sign-in?next={quote(here, safe='')}"


def _load(_request: Request) -> SignedIn | None:
    """Return who is behind the session or token; GitLab is asked only for a token.

    Nobody, where the credential is refused or GitLab does not answer: pages, also those that tell
    of it, are shown without a name, and whatever needs a right asks by itself.
    """
    try:
        return _find_signed_in()
    except (Unauthenticated, Unavailable):
        return None


def _find_signed_in() -> SignedIn | None:
    asking = caller()
    if asking.login is not None:
        return SignedIn(asking.login.person_id, asking.login.username, asking.login.name)
    if asking.actor.is_anonymous:
        return None
    person = platform().directory.read_person(asking.actor)
    return SignedIn(person.id, person.username, person.name)


def _refuse() -> NoReturn:
    raise Unauthenticated("Sign in to see this page.")
