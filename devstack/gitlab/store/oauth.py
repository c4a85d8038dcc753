"""OAuth: applications, codes and token pairs. A code and all tokens that came of it are one family."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devstack.gitlab.store.database import Column, now
from devstack.gitlab.store.tokens import digest

if TYPE_CHECKING:
    import sqlite3

    from devstack.gitlab.store.database import Database

ACCESS_SECONDS = 7200
CODE_SECONDS = 600
DEFAULT_SCOPES = ("api",)
SESSION_SECONDS = 7 * 24 * 3600
SCOPES = (
    "api",
    "read_api",
    "read_user",
    "read_repository",
    "write_repository",
    "sudo",
    "openid",
    "profile",
    "email",
)


@dataclass(frozen=True, slots=True)
class Application:
    """A program that people may let act for them."""

    id: int
    uid: str
    secret_digest: str
    name: str
    redirect_uris: str
    scopes: str
    confidential: int
    trusted: int
    created_at: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One pair of access and refresh token; times are seconds since 1970."""

    id: int
    application_id: int
    user_id: int
    digest: str
    refresh_digest: str
    family: str
    scopes: str
    created_at: float
    expires_at: float
    revoked: int

    @property
    def expired(self) -> bool:
        """Whether the access token's time is over."""
        return self.expires_at <= time.time()


def create_application(
    database: Database, *, name: str, redirect_uris: str, scopes: str, **more: Column
) -> tuple[int, str]:
    """Add an application and return its id and its secret, which nobody can learn later."""
    secret = "gloas-" + secrets.token_hex(32)
    application_id = database.insert(
        "applications",
        uid=secrets.token_hex(32),
        secret_digest=digest(secret),
        name=name,
        redirect_uris=redirect_uris,
        scopes=scopes,
        created_at=now(),
        **more,
    )
    return application_id, secret


def find_application(database: Database, uid: str) -> Application | None:
    """Return the application with this public id."""
    return application_of(database.row("SELECT * FROM applications WHERE uid = ?", (uid,)))


def application_of(row: sqlite3.Row | None) -> Application | None:
    """Turn a row of `applications` into an Application."""
    return None if row is None else Application(*row)


def issue_tokens(
    database: Database, application_id: int, user_id: int, scopes: str, family: str
) -> tuple[str, str, float]:
    """Add a pair of tokens; return access token, refresh token and the moment of issue."""
    access, refresh, moment = secrets.token_hex(32), secrets.token_hex(32), time.time()
    database.insert(
        "access_tokens",
        application_id=application_id,
        user_id=user_id,
        digest=digest(access),
        refresh_digest=digest(refresh),
        family=family,
        scopes=scopes,
        created_at=moment,
        expires_at=moment + ACCESS_SECONDS,
    )
    return access, refresh, moment


def find_access_token(database: Database, secret: str) -> AccessToken | None:
    """Return the pair with this access token, dead or alive."""
    return _token_of(
        database.row("SELECT * FROM access_tokens WHERE digest = ?", (digest(secret),))
    )


def find_refresh_token(database: Database, secret: str) -> AccessToken | None:
    """Return the pair with this refresh token, dead or alive."""
    return _token_of(
        database.row("SELECT * FROM access_tokens WHERE refresh_digest = ?", (digest(secret),))
    )


def _token_of(row: sqlite3.Row | None) -> AccessToken | None:
    return None if row is None else AccessToken(*row)


def open_session(database: Database, user_id: int) -> str:
    """Sign a browser in; return the secret for its cookie."""
    secret = secrets.token_urlsafe(32)
    database.run("DELETE FROM web_sessions WHERE expires_at < ?", (time.time(),))
    database.run(
        "INSERT INTO web_sessions (digest, user_id, expires_at) VALUES (?, ?, ?)",
        (digest(secret), user_id, time.time() + SESSION_SECONDS),
    )
    return secret


def session_user_id(database: Database, secret: str) -> int | None:
    """Return who is signed in with this cookie."""
    found: int | None = database.value(
        "SELECT user_id FROM web_sessions WHERE digest = ? AND expires_at > ?",
        (digest(secret), time.time()),
    )
    return found


def close_session(database: Database, secret: str) -> None:
    """Sign a browser out."""
    database.run("DELETE FROM web_sessions WHERE digest = ?", (digest(secret),))
