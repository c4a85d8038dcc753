"""Who is asking, as the request says it; GitLab is not asked here.

The first present decides: `Authorization: Bearer` · `PRIVATE-TOKEN` · `Authorization: Basic` · cookie
`tokenGitLab` · log-in session · nobody. What decides and is refused is a 401, never a reason to look further.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from flask import Request, current_app, g, request

from app.shell import ASSETS, find_sessions, shell
from core.errors import Unauthenticated
from core.model.access import ANONYMOUS, Actor, Secret
from core.model.logins import Login
from core.ports import AssetPlatform, Platform

TOKEN_COOKIE = "tokenGitLab"  # noqa: S105 - the cookie's name
NOBODY = "anonymous"  # the password that a dataset's committed DVC configuration carries
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


class Door(StrEnum):
    """By what the caller was known."""

    BEARER = "bearer"
    PRIVATE_TOKEN = "private-token"  # noqa: S105 - a header's name
    BASIC = "basic"
    COOKIE = "cookie"
    SESSION = "session"
    NONE = "none"

    @property
    def is_ambient(self) -> bool:
        """Whether a browser sends it by itself, so that it alone authorises nothing unsafe."""
        return self in {Door.COOKIE, Door.SESSION}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by which door, and with which log-in where it was the session."""

    actor: Actor
    door: Door
    login: Login | None = None


def platform() -> Platform:
    """Return what the verbs need."""
    return shell().platform


def asset_house() -> AssetPlatform:
    """Return what the verbs of the asset database need, which may run alone."""
    return cast("AssetPlatform", current_app.extensions[ASSETS])


def actor() -> Actor:
    """Return who asks.

    Raises:  Unauthenticated, if the credential cannot be one.
    """
    return caller().actor


def caller() -> Caller:
    """Return who asks and how he is known; read once per request.

    Raises:  Unauthenticated, if the credential cannot be one; Unavailable, if a log-in must be
             renewed and GitLab does not answer.
    """
    known = g.get("caller")
    if known is None:
        known = g.caller = read_caller(request)
    return cast("Caller", known)


def read_caller(asked: Request) -> Caller:
    """Return who sent `asked`.

    Raises:  Unauthenticated, if the credential cannot be one.
    """
    of_dvc = asked.path.startswith("/dvc/")
    found = _sent(asked, bare_allowed=of_dvc)
    if found is None:
        return _by_session(asked)
    token, door = found
    return Caller(ANONYMOUS, Door.NONE) if of_dvc and token == NOBODY else _by_token(token, door)


def _sent(asked: Request, *, bare_allowed: bool) -> tuple[str, Door] | None:
    """Return the token that decides, and how it was sent; None where none was."""
    header = asked.headers.get("Authorization")
    is_basic = header is not None and header.strip().lower().startswith("basic ")
    token = asked.headers.get("PRIVATE-TOKEN")
    if token is not None and (header is None or is_basic):
        return token, Door.PRIVATE_TOKEN
    if header is not None:
        return _of_authorization(header, bare_allowed=bare_allowed)
    token = asked.cookies.get(TOKEN_COOKIE)
    return (token, Door.COOKIE) if token else None


def _by_session(asked: Request) -> Caller:
    sessions = find_sessions()
    login = sessions.find(asked) if sessions else None
    if login is None:
        return Caller(ANONYMOUS, Door.NONE)
    return Caller(Actor(login.access_token), Door.SESSION, login)


def _of_authorization(header: str, *, bare_allowed: bool) -> tuple[str, Door]:
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip(), Door.BEARER
    if scheme.lower() == "basic":
        return _basic_password(rest.strip()), Door.BASIC
    if bare_allowed and not rest:
        return scheme, Door.BEARER
    raise Unauthenticated("Send the token as `Authorization: Bearer <token>`.")


def _basic_password(text: str) -> str:
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise Unauthenticated("The Basic authorization is not base64 of user:token.") from problem
    return pair.partition(":")[2]


def _by_token(token: str, door: Door) -> Caller:
    if not _TOKEN.fullmatch(token):
        raise Unauthenticated(
            "What was sent as a token cannot be one: it is empty or has other characters than ASCII's."
        )
    return Caller(Actor(Secret(token)), door)
