"""Personal access tokens; only their digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from devstack.gitlab.store.database import Column, now, today

if TYPE_CHECKING:
    import sqlite3

    from devstack.gitlab.store.database import Database

PREFIX = "glpat-"
SCOPES = (
    "api",
    "read_user",
    "read_api",
    "read_repository",
    "write_repository",
    "sudo",
    "admin_mode",
    "create_runner",
    "manage_runner",
    "k8s_proxy",
    "ai_features",
    "self_rotate",
    "read_service_ping",
)
LONGEST_LIFE = timedelta(days=365)
ROTATED_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """One personal access token; `expires_at` is the first day on which it no longer works."""

    id: int
    user_id: int
    name: str
    description: str | None
    digest: str
    scopes: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked: int

    @property
    def expired(self) -> bool:
        """Whether its day has come."""
        return self.expires_at is not None and self.expires_at <= today()

    @property
    def active(self) -> bool:
        """Whether it works."""
        return not self.revoked and not self.expired


def digest(secret: str) -> str:
    """Return the form in which secrets are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def latest_expiry() -> str:
    """Return the last day that a token may be given."""
    return (datetime.now(UTC) + LONGEST_LIFE).date().isoformat()


def rotated_expiry() -> str:
    """Return the day that a rotated token gets by itself."""
    return (datetime.now(UTC) + ROTATED_LIFE).date().isoformat()


def token_of(row: sqlite3.Row | None) -> PersonalToken | None:
    """Turn a row of `tokens` into a PersonalToken."""
    return None if row is None else PersonalToken(*row)


def find_token(database: Database, secret: str) -> PersonalToken | None:
    """Return the token with this text, dead or alive."""
    return token_of(database.row("SELECT * FROM tokens WHERE digest = ?", (digest(secret),)))


def find_token_by_id(database: Database, token_id: int) -> PersonalToken | None:
    """Return the token with this id."""
    return token_of(database.row("SELECT * FROM tokens WHERE id = ?", (token_id,)))


def create_token(
    database: Database, user_id: int, name: str, scopes: list[str], expires_at: str | None, **more: Column
) -> tuple[int, str]:  # fmt: skip
    """Add a token and return its id and its text, which nobody can learn later."""
    secret = PREFIX + secrets.token_urlsafe(24)
    token_id = database.insert(
        "tokens",
        user_id=user_id,
        name=name,
        scopes=" ".join(scopes),
        expires_at=expires_at,
        digest=digest(secret),
        created_at=now(),
        **more,
    )
    return token_id, secret


def note_rotation(database: Database, token_id: int, previous_id: int) -> None:
    """Record which token a new one replaces."""
    database.run(
        "INSERT INTO token_rotations (token_id, previous_id) VALUES (?, ?)", (token_id, previous_id)
    )


def revoke_successors(database: Database, token_id: int) -> None:
    """End every token that came of a token by rotation: somebody used the old one once more."""
    database.run(
        """WITH RECURSIVE later(id) AS (
               SELECT token_id FROM token_rotations WHERE previous_id = ?
               UNION SELECT r.token_id FROM token_rotations r JOIN later ON r.previous_id = later.id)
           UPDATE tokens SET revoked = 1 WHERE id IN (SELECT id FROM later)""",
        (token_id,),
    )


def mark_impersonation(database: Database, token_id: int) -> None:
    """Record that a token is an administrator's to act as somebody."""
    database.run("INSERT INTO impersonations (token_id) VALUES (?)", (token_id,))


def impersonations(database: Database, user_id: int) -> list[PersonalToken]:
    """Return the tokens by which administrators act as somebody."""
    rows = database.rows(
        "SELECT * FROM tokens WHERE user_id = ? AND id IN (SELECT token_id FROM impersonations)"
        " ORDER BY id",
        (user_id,),
    )
    return [PersonalToken(*row) for row in rows]


def note_use(database: Database, token: PersonalToken) -> None:
    """Record that a token was used, to the minute, so that reading does not mean writing."""
    minute = now()[:16]
    if (token.last_used_at or "")[:16] != minute:
        database.run("UPDATE tokens SET last_used_at = ? WHERE id = ?", (now(), token.id))
