"""People, and the namespace that each of them has."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.security import check_password_hash, generate_password_hash

from devstack.gitlab.store.database import Column, now

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database

# Cheap on purpose: this server holds demo accounts, and git asks for the password on every request.
PASSWORD_METHOD = "scrypt:4096:8:1"  # noqa: S105 - the name of a method


@dataclass(frozen=True, slots=True)
class User:
    """One account; times are GitLab's text."""

    id: int
    username: str
    name: str
    email: str
    password_hash: str
    state: str
    admin: int
    external: int
    confirmed: int
    can_create_group: int
    projects_limit: int
    bio: str
    created_at: str
    last_activity_on: str | None

    @property
    def active(self) -> bool:
        """Whether the account may do anything."""
        return self.state == "active"

    def has_password(self, password: str) -> bool:
        """Compare a password with the stored hash."""
        return bool(password) and check_password_hash(self.password_hash, password)


def user_of(row: sqlite3.Row | None) -> User | None:
    """Turn a row of `users` into a User."""
    return None if row is None else User(*row)


def find_user(database: Database, user_id: int) -> User | None:
    """Return the account with this id."""
    return user_of(database.row("SELECT * FROM users WHERE id = ?", (user_id,)))


def find_by_username(database: Database, username: str) -> User | None:
    """Return the account with exactly this name, any case."""
    return user_of(database.row("SELECT * FROM users WHERE username = ?", (username,)))


def find_by_email(database: Database, email: str) -> User | None:
    """Return the account with this address."""
    return user_of(database.row("SELECT * FROM users WHERE email = ?", (email,)))


def find_by_login(database: Database, login: str) -> User | None:
    """Return the account that somebody means who types a name or an address to sign in."""
    return find_by_username(database, login) or find_by_email(database, login)


def create_user(
    database: Database, *, username: str, name: str, email: str, password: str, **more: Column
) -> User:
    """Add an account together with its namespace, in one transaction."""
    with database.changes():
        user_id = database.insert(
            "users",
            username=username,
            name=name,
            email=email,
            password_hash=generate_password_hash(password, method=PASSWORD_METHOD),
            created_at=now(),
            **more,
        )
        database.insert(
            "namespaces",
            kind="user",
            owner_id=user_id,
            name=name,
            path=username,
            full_path=username,
            visibility="public",
            created_at=now(),
        )
    created = find_user(database, user_id)
    if created is None:
        raise sqlite3.DatabaseError(f"user {user_id} vanished right after it was added")
    return created


def details_of(database: Database, user_id: int) -> dict[str, Any]:
    """Return what else is known of somebody: the parts of a profile that decide nothing."""
    text = database.value("SELECT details FROM user_details WHERE user_id = ?", (user_id,))
    known: dict[str, Any] = json.loads(text) if text else {}
    return known


def add_details(database: Database, user_id: int, more: dict[str, Any]) -> None:
    """Set parts of a profile; the others stay."""
    if not more:
        return
    with database.changes():
        known = details_of(database, user_id) | more
        database.run(
            "INSERT OR REPLACE INTO user_details (user_id, details) VALUES (?, ?)",
            (user_id, json.dumps(known)),
        )


def hash_password(password: str) -> str:
    """Return what to store for a password."""
    return generate_password_hash(password, method=PASSWORD_METHOD)
