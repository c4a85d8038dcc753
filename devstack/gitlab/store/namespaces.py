"""Namespaces: one per person, and groups nested in groups. A group's id is its namespace's id."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstack.gitlab.store.database import Column, now

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database


@dataclass(frozen=True, slots=True)
class Namespace:
    """A place where projects lie; `kind` is user or group."""

    id: int
    kind: str
    parent_id: int | None
    owner_id: int | None
    name: str
    path: str
    full_path: str
    description: str
    visibility: str
    settings_json: str
    created_at: str

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return self.kind == "group"

    @property
    def settings(self) -> dict[str, Any]:
        """What was set on it beyond the columns."""
        loaded: dict[str, Any] = json.loads(self.settings_json)
        return loaded


def namespace_of(row: sqlite3.Row | None) -> Namespace | None:
    """Turn a row of `namespaces` into a Namespace."""
    return None if row is None else Namespace(*row)


def find_namespace(database: Database, key: str | int) -> Namespace | None:
    """Return the namespace with this id or full path."""
    text = str(key)
    if text.isdecimal():
        return namespace_of(database.row("SELECT * FROM namespaces WHERE id = ?", (int(text),)))
    return namespace_of(database.row("SELECT * FROM namespaces WHERE full_path = ?", (text,)))


def read_namespace(database: Database, namespace_id: int) -> Namespace:
    """Return a namespace that a row of ours points to."""
    found = find_namespace(database, namespace_id)
    if found is None:
        raise sqlite3.DatabaseError(f"namespace {namespace_id} is referred to but gone")
    return found


def find_personal(database: Database, user_id: int) -> Namespace | None:
    """Return somebody's own namespace."""
    return namespace_of(
        database.row("SELECT * FROM namespaces WHERE kind = 'user' AND owner_id = ?", (user_id,))
    )


def ancestors(database: Database, namespace_id: int) -> list[Namespace]:
    """Return the namespace itself, its parent and so on up to the root."""
    rows = database.rows(
        """WITH RECURSIVE up(id, parent_id, height) AS (
               SELECT id, parent_id, 0 FROM namespaces WHERE id = ?
               UNION ALL SELECT n.id, n.parent_id, height + 1 FROM namespaces n JOIN up ON n.id = up.parent_id)
           SELECT n.* FROM up JOIN namespaces n ON n.id = up.id ORDER BY height""",
        (namespace_id,),
    )
    return [Namespace(*row) for row in rows]


def descendant_ids(database: Database, namespace_id: int) -> list[int]:
    """Return the ids of the groups below, without the group itself."""
    rows = database.rows(
        """WITH RECURSIVE down(id) AS (
               SELECT id FROM namespaces WHERE parent_id = ?
               UNION ALL SELECT n.id FROM namespaces n JOIN down ON n.parent_id = down.id)
           SELECT id FROM down""",
        (namespace_id,),
    )
    return [row[0] for row in rows]


def create_group(
    database: Database,
    *,
    name: str,
    path: str,
    parent: Namespace | None,
    owner_id: int,
    visibility: str,
    **more: Column,
) -> int:
    """Add a group with its first owner and return its id."""
    with database.changes():
        group_id = database.insert(
            "namespaces",
            kind="group",
            parent_id=parent.id if parent else None,
            name=name,
            path=path,
            full_path=f"{parent.full_path}/{path}" if parent else path,
            visibility=visibility,
            created_at=now(),
            **more,
        )
        database.insert(
            "group_members",
            group_id=group_id,
            user_id=owner_id,
            access_level=50,
            created_by_id=owner_id,
            created_at=now(),
        )
    return group_id


def rename_tree(database: Database, old: str, new: str) -> None:
    """Move every namespace and project below `old` to `new`; the old paths of projects lead to the new ones."""
    names = {"old": old, "new": new}
    below = "substr(full_path, 1, length(:old) + 1) = :old || '/' COLLATE NOCASE"
    with database.changes() as connection:
        connection.execute(
            f"INSERT OR REPLACE INTO former_paths SELECT full_path, id FROM projects WHERE {below}",
            names,
        )
        for table in ("namespaces", "projects"):
            connection.execute(
                f"UPDATE {table} SET full_path = :new || substr(full_path, length(:old) + 1)"
                f" WHERE full_path = :old OR {below}",
                names,
            )
        connection.execute(
            "DELETE FROM former_paths WHERE full_path IN (SELECT full_path FROM projects)"
        )
