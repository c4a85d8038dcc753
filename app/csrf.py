"""What a browser sends by itself authorises nothing unsafe: one check before every route.

The token comes in the header `X-CSRF-Token`, in pages also in the form field `csrf_token`. It is bound to
the log-in session, or to the cookie `tokenGitLab` by an HMAC; `GET /api/v1/csrf` tells it to whoever sends
the cookie, which no foreign page can read. Where assets are open to everybody, nobody in particular may
write: then a browser must not come from a foreign page, and this server is called by its own name.
"""

from __future__ import annotations

import hmac

from flask import Flask, request

from app.browsers import check_host, is_told_by_foreign_page
from app.caller import Caller, Door, caller, platform
from app.errors import wants_json
from app.shell import shell
from core.errors import Forbidden, Unauthenticated

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def register_csrf(app: Flask) -> None:
    """Check every unsafe request of `app`, and give templates `csrf_token()`."""
    app.before_request(_check)
    app.jinja_env.globals["csrf_token"] = csrf_token


def csrf_token() -> str:
    """Return the token of the current caller; empty where none is needed."""
    asking = _find_caller()
    return _token_of(asking) if asking else ""


def _token_of(asking: Caller) -> str:
    if asking.login is not None:
        return asking.login.csrf.reveal()
    token = asking.actor.token
    if asking.door is Door.COOKIE and token is not None:
        return hmac.new(shell().csrf_key, token.reveal().encode(), "sha256").hexdigest()
    return ""


def _check() -> None:
    settings = shell().settings
    if settings.assets_open:
        check_host(settings.base_url)
    if request.method in _SAFE_METHODS:
        return
    asking = _find_caller()
    if asking and asking.door is Door.NONE and settings.assets_open:
        _check_own_page(settings.base_url)
    if (
        asking
        and asking.door.is_ambient
        and not hmac.compare_digest(_sent_token().encode(), _token_of(asking).encode())
    ):
        raise Forbidden(
            f"a cookie alone may not change anything: send the token of GET /api/v1/csrf as {HEADER}",
            code="csrf",
        )


def _check_own_page(base_url: str) -> None:
    """Refuse what a browser was told to send by a page of another address; programs name none."""
    if is_told_by_foreign_page(base_url):
        raise Forbidden(
            "a page of another address may not change anything here: send a token", code="csrf"
        )


def _find_caller() -> Caller | None:
    """Return who asks, or None for a credential that cannot be one: it authorises nothing."""
    try:
        return caller()
    except Unauthenticated:
        return None


def _sent_token() -> str:
    """Return the token sent with the request; a program's body is never read for it."""
    header = request.headers.get(HEADER)
    if header is not None or wants_json():
        return header or ""
    asking = caller()
    if asking.door is Door.COOKIE and request.mimetype == "multipart/form-data":
        # files of a form lie on our disk until it is read: not for a token that GitLab refuses
        platform().directory.read_person(asking.actor)
    return request.form.get(FIELD, "")
