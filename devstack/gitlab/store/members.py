"""Members of projects and groups: direct ones, and all with their highest level."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstack.gitlab.store.access import LIVE
from devstack.gitlab.store.database import Column, now, today

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database

_PERSON = "u.*, m.access_level, m.created_at AS member_since, m.expires_at AS member_until, m.created_by_id"
_UP = """up(id, parent_id) AS (
    SELECT id, parent_id FROM namespaces WHERE id {start}
    UNION SELECT n.id, n.parent_id FROM namespaces n JOIN up ON n.id = up.parent_id)"""


@dataclass(frozen=True, slots=True)
class Source:
    """A project or a group, as the place that people are members of."""

    kind: str
    id: int
    namespace_id: int

    @property
    def table(self) -> str:
        """The table of its direct members."""
        return f"{self.kind}_members"

    @property
    def column(self) -> str:
        """The column that points to it."""
        return f"{self.kind}_id"


def direct_members(database: Database, source: Source, *, ended: bool = False) -> list[sqlite3.Row]:
    """Return the direct members, oldest first; those whose last day is over with `ended` only."""
    return database.rows(
        f"SELECT {_PERSON} FROM {source.table} m JOIN users u ON u.id = m.user_id"
        f" WHERE m.{source.column} = :id AND (:ended OR m.expires_at IS NULL OR m.expires_at > :today)"
        " ORDER BY m.id",
        {"id": source.id, "today": today(), "ended": ended},
    )


def all_members(database: Database, source: Source) -> list[sqlite3.Row]:
    """Return everybody with any level here, with the highest: direct, inherited, lent by a shared group."""
    direct = ""
    lent = (
        "SELECT shared_group_id AS target, group_id, group_access FROM group_shares"
        " WHERE {live} AND shared_group_id IN (SELECT id FROM up)"
    )
    if source.kind == "project":
        direct = (
            "SELECT user_id, access_level, created_at, expires_at, created_by_id FROM project_members"
            " WHERE project_id = :id AND {live} UNION ALL"
        )
        lent += (
            " UNION ALL SELECT project_id, group_id, group_access FROM project_shares"
            " WHERE project_id = :id AND {live}"
        )
    sql = f"""
        WITH RECURSIVE {_UP.format(start="= :namespace")},
        lent AS ({lent.format(live=LIVE)}),
        above(group_id, root_id, access) AS (
            SELECT group_id, group_id, group_access FROM lent
            UNION SELECT n.parent_id, root_id, access FROM above JOIN namespaces n ON n.id = above.group_id
                WHERE n.parent_id IS NOT NULL),
        found AS (
            {direct.format(live=LIVE)}
            SELECT user_id, access_level, created_at, expires_at, created_by_id FROM group_members
                WHERE group_id IN (SELECT id FROM up) AND {LIVE}
            UNION ALL SELECT gm.user_id, MIN(gm.access_level, above.access),
                             gm.created_at, gm.expires_at, gm.created_by_id
                FROM above JOIN group_members gm ON gm.group_id = above.group_id
                WHERE gm.expires_at IS NULL OR gm.expires_at > :today),
        ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY access_level DESC) AS place FROM found)
        SELECT {_PERSON} FROM ranked m JOIN users u ON u.id = m.user_id WHERE m.place = 1 ORDER BY m.user_id
    """
    return database.rows(sql, {"id": source.id, "namespace": source.namespace_id, "today": today()})


def inherited_level(database: Database, source: Source, user_id: int) -> tuple[int, int]:
    """Return the highest level that somebody has from the groups above, and from which; (0, 0) for none."""
    start = (
        "= :namespace"
        if source.kind == "project"
        else "= (SELECT parent_id FROM namespaces WHERE id = :namespace)"
    )
    row = database.row(
        f"WITH RECURSIVE {_UP.format(start=start)} SELECT access_level, group_id FROM group_members"
        f" WHERE user_id = :user AND group_id IN (SELECT id FROM up) AND {LIVE}"
        " ORDER BY access_level DESC LIMIT 1",
        {"namespace": source.namespace_id, "user": user_id, "today": today()},
    )
    return (row[0], row[1]) if row else (0, 0)


def add_member(database: Database, source: Source, user_id: int, **values: Column) -> None:
    """Make somebody a direct member, in place of an expired membership.

    Raises: sqlite3.IntegrityError, if there is a membership that still counts.
    """
    with database.changes() as connection:
        connection.execute(
            f"DELETE FROM {source.table} WHERE {source.column} = ? AND user_id = ? AND expires_at <= ?",
            (source.id, user_id, today()),
        )
        database.insert(
            source.table, **{source.column: source.id}, user_id=user_id, created_at=now(), **values
        )


def change_member(database: Database, source: Source, user_id: int, values: dict[str, Any]) -> int:
    """Set columns of a direct membership; return 1 or 0."""
    sets = ", ".join(f"{name} = :{name}" for name in values)
    return database.run(
        f"UPDATE {source.table} SET {sets} WHERE {source.column} = :source AND user_id = :user",
        {**values, "source": source.id, "user": user_id},
    )


def remove_member(database: Database, source: Source, user_id: int) -> int:
    """End a direct membership; return 1 or 0."""
    return database.run(
        f"DELETE FROM {source.table} WHERE {source.column} = ? AND user_id = ?",
        (source.id, user_id),
    )


def remove_below(database: Database, group: Source, user_id: int) -> None:
    """End somebody's direct memberships in the groups and projects below a group."""
    below = (
        "WITH RECURSIVE down(id) AS (SELECT :group"
        " UNION SELECT n.id FROM namespaces n JOIN down ON n.parent_id = down.id)"
    )
    names = {"group": group.id, "user": user_id}
    with database.changes() as connection:
        connection.execute(
            f"{below} DELETE FROM group_members WHERE user_id = :user AND group_id IN (SELECT id FROM down)",
            names,
        )
        connection.execute(
            f"{below} DELETE FROM project_members WHERE user_id = :user AND project_id IN"
            " (SELECT id FROM projects WHERE namespace_id IN (SELECT id FROM down))",
            names,
        )


def other_owners(database: Database, source: Source, user_id: int) -> int:
    """Return how many direct owners there are besides somebody."""
    return int(
        database.value(
            f"SELECT COUNT(*) FROM {source.table} WHERE {source.column} = ? AND access_level = 50 AND user_id <> ?",
            (source.id, user_id),
        )
    )
