"""Who has which level where: direct, inherited from groups, lent by shares; the past of `expires_at` ends all three."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devstack.gitlab.store.database import today

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devstack.gitlab.store.database import Database

LIVE = "(expires_at IS NULL OR expires_at > :today)"

# Two tables: reach(id, level), the groups a person reaches, and access(project_id, level, via_group), not yet
# reduced to the highest. Needs :user and :today.
ACCESS = f"""
    reach(id, level) AS (
        SELECT group_id, access_level FROM group_members WHERE user_id = :user AND {LIVE}
        UNION SELECT n.id, reach.level FROM namespaces n JOIN reach ON n.parent_id = reach.id
        UNION SELECT s.shared_group_id, MIN(s.group_access, reach.level) FROM group_shares s
              JOIN reach ON s.group_id = reach.id WHERE {LIVE}),
    access(project_id, level, via_group) AS (
        SELECT project_id, access_level, 0 FROM project_members WHERE user_id = :user AND {LIVE}
        UNION ALL SELECT p.id, 50, 0 FROM projects p JOIN namespaces n ON n.id = p.namespace_id
              WHERE n.kind = 'user' AND n.owner_id = :user
        UNION ALL SELECT p.id, reach.level, 1 FROM reach JOIN projects p ON p.namespace_id = reach.id
        UNION ALL SELECT s.project_id, MIN(s.group_access, reach.level), 1 FROM reach
              JOIN project_shares s ON s.group_id = reach.id WHERE {LIVE}),
    best(project_id, level) AS (SELECT project_id, MAX(level) FROM access GROUP BY project_id)
"""


def levels_in_project(database: Database, user_id: int, project_id: int) -> tuple[int, int]:
    """Return somebody's level in a project by itself and by way of groups; 0 is none."""
    row = database.row(
        f"WITH RECURSIVE {ACCESS} SELECT MAX(CASE via_group WHEN 0 THEN level END),"
        " MAX(CASE via_group WHEN 1 THEN level END) FROM access WHERE project_id = :project",
        {"user": user_id, "today": today(), "project": project_id},
    )
    return (row[0] or 0, row[1] or 0) if row else (0, 0)


def levels_in_projects(
    database: Database, user_id: int, project_ids: Iterable[int]
) -> dict[int, tuple[int, int]]:
    """Return the same for many projects with one question."""
    marks = ",".join(str(int(project_id)) for project_id in project_ids)
    rows = database.rows(
        f"WITH RECURSIVE {ACCESS} SELECT project_id, MAX(CASE via_group WHEN 0 THEN level END),"
        f" MAX(CASE via_group WHEN 1 THEN level END) FROM access WHERE project_id IN ({marks}) GROUP BY project_id",
        {"user": user_id, "today": today()},
    )
    return {row[0]: (row[1] or 0, row[2] or 0) for row in rows}


def level_in_group(database: Database, user_id: int, group_id: int) -> int:
    """Return somebody's highest level in a group, inherited included; 0 is none."""
    level: int | None = database.value(
        f"WITH RECURSIVE {ACCESS} SELECT MAX(level) FROM reach WHERE id = :group",
        {"user": user_id, "today": today(), "group": group_id},
    )
    return level or 0


def level_in_namespace(database: Database, user_id: int, namespace_id: int) -> int:
    """Return the level for making projects in a namespace: the owner of a personal one has 50."""
    own = database.value(
        "SELECT 50 FROM namespaces WHERE id = ? AND kind = 'user' AND owner_id = ?",
        (namespace_id, user_id),
    )
    return own or level_in_group(database, user_id, namespace_id)
