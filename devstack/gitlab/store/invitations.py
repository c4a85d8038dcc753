"""Invitations by e-mail that nobody has taken yet."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from devstack.gitlab.store.database import Column, now, today
from devstack.gitlab.store.members import Source, add_member

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database
    from devstack.gitlab.store.users import User


def invitations_of(database: Database, source: Source) -> list[sqlite3.Row]:
    """Return the open invitations to a project or group, with the name of who invited."""
    return database.rows(
        """SELECT i.*, u.name AS created_by_name FROM invitations i LEFT JOIN users u ON u.id = i.created_by_id
           WHERE i.source = ? AND i.source_id = ? ORDER BY i.id""",
        (source.kind, source.id),
    )


def add_invitation(database: Database, source: Source, address: str, **values: Column) -> None:
    """Note that an address was invited.

    Raises: sqlite3.IntegrityError, if it was already.
    """
    database.insert(
        "invitations",
        source=source.kind,
        source_id=source.id,
        invite_email=address,
        created_at=now(),
        **values,
    )


def accept_invitations(database: Database, user: User) -> None:
    """Make somebody a member wherever the own address was invited; invitations that ran out are dropped."""
    with database.changes():
        for row in database.rows("SELECT * FROM invitations WHERE invite_email = ?", (user.email,)):
            source = Source(row["source"], row["source_id"], 0)
            alive = row["expires_at"] is None or row["expires_at"] > today()
            if alive and _exists(database, source):
                add_member(
                    database, source, user.id,
                    access_level=row["access_level"], expires_at=row["expires_at"], created_by_id=row["created_by_id"],
                )  # fmt: skip
        database.run("DELETE FROM invitations WHERE invite_email = ?", (user.email,))


def _exists(database: Database, source: Source) -> bool:
    table = "projects" if source.kind == "project" else "namespaces"
    return database.value(f"SELECT 1 FROM {table} WHERE id = ?", (source.id,)) is not None
