"""Browsers: who is signed in, forms that only our own pages can send, signing in and out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from devstack.gitlab.state import here
from devstack.gitlab.store.oauth import (
    SESSION_SECONDS,
    close_session,
    open_session,
    session_user_id,
)
from devstack.gitlab.store.users import User, find_by_login, find_user

blueprint = Blueprint("session", __name__)

SESSION_COOKIE = "_gitlab_session"
FORM_COOKIE = "_gitlab_form"
RETURN_COOKIE = "_gitlab_return"
_RETURN_SECONDS = 900


def viewer() -> User | None:
    """Return who is signed in with this browser; nobody, if the account is blocked."""
    if "viewer" not in g:
        secret = request.cookies.get(SESSION_COOKIE, "")
        user_id = session_user_id(here().database, secret) if secret else None
        user = None if user_id is None else find_user(here().database, user_id)
        g.viewer = user if user is not None and user.active else None
    found: User | None = g.viewer
    return found


def page(template: str, status: int = 200, **values: object) -> Response:
    """Render a page; its forms get a token that belongs to this browser."""
    secret = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    text = render_template(
        template,
        viewer=viewer(),
        form_token=_token_of(secret),
        root="",
        address=here().external_url,
        **values,
    )
    response = make_response(text, status)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    if FORM_COOKIE not in request.cookies:
        _set_cookie(response, FORM_COOKIE, secret, SESSION_SECONDS)
    return response


def form_is_ours() -> bool:
    """Whether a form came from a page that we gave this browser."""
    secret = request.cookies.get(FORM_COOKIE, "")
    origin = request.headers.get("Origin", "null")
    if origin != "null" and urlsplit(origin).netloc not in (
        request.host,
        urlsplit(here().external_url).netloc,
    ):
        return False
    return bool(secret) and hmac.compare_digest(
        _token_of(secret), request.form.get("authenticity_token", "")
    )


def sign_in_first() -> Response:
    """Send a browser to the sign-in page and remember where it wanted to go."""
    response = make_response(redirect(f"{here().external_url}/users/sign_in"))
    _set_cookie(response, RETURN_COOKIE, request.environ.get("RAW_URI", "/"), _RETURN_SECONDS)
    return response


@blueprint.get("/users/sign_in")
def sign_in_form() -> Response:
    """Show the sign-in page."""
    if viewer() is not None:
        return make_response(redirect(f"{here().external_url}/"))
    return page("sign_in.html", login="", problem="")


@blueprint.post("/users/sign_in")
def sign_in() -> Response:
    """Check name and password."""
    login, password = (
        request.form.get("user[login]", "").strip(),
        request.form.get("user[password]", ""),
    )
    if not form_is_ours():
        return page(
            "sign_in.html", 422, login=login, problem="The form was too old. Please sign in again."
        )
    user = find_by_login(here().database, login) if login else None
    if user is None or not user.has_password(password):
        return page("sign_in.html", 422, login=login, problem="Invalid login or password.")
    if not user.active:
        return page(
            "sign_in.html", 403, login=login, problem=f"Your account has been {user.state}."
        )
    response = make_response(redirect(here().external_url + _wanted_path()))
    _set_cookie(response, SESSION_COOKIE, open_session(here().database, user.id), SESSION_SECONDS)
    response.delete_cookie(RETURN_COOKIE)
    return response


def _wanted_path() -> str:
    """Return where the browser wanted to go: a path of ours, nothing else."""
    path = request.cookies.get(RETURN_COOKIE, "/")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


@blueprint.route("/users/sign_out", methods=["POST", "DELETE"])
def sign_out() -> Response:
    """Forget the browser."""
    if form_is_ours():
        close_session(here().database, request.cookies.get(SESSION_COOKIE, ""))
    response = make_response(redirect(f"{here().external_url}/users/sign_in"))
    response.delete_cookie(SESSION_COOKIE)
    return response


def _token_of(secret: str) -> str:
    return hashlib.sha256(f"form:{secret}".encode()).hexdigest()


def _set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    secure = here().external_url.startswith("https:")
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=secure)
