"""Rules that protect branches and tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database


@dataclass(frozen=True, slots=True)
class Protection:
    """One rule: who may push to and merge into the branches (or make the tags) whose name matches `name`."""

    id: int
    project_id: int
    kind: str
    name: str
    push_level: int
    merge_level: int
    allow_force_push: int
    code_owner_approval_required: int


def protections(database: Database, project_id: int, kind: str = "branch") -> list[Protection]:
    """Return the rules of a project."""
    rows = database.rows(
        "SELECT * FROM protected_refs WHERE project_id = ? AND kind = ? ORDER BY id",
        (project_id, kind),
    )
    return [Protection(*row) for row in rows]


def find_protection(database: Database, project_id: int, kind: str, name: str) -> Protection | None:
    """Return the rule with exactly this name."""
    row = database.row(
        "SELECT * FROM protected_refs WHERE project_id = ? AND kind = ? AND name = ?",
        (project_id, kind, name),
    )
    return None if row is None else Protection(*row)


def protect(
    database: Database,
    project_id: int,
    name: str,
    *,
    kind: str = "branch",
    push: int = 40,
    merge: int = 40,
    force: bool = False,
) -> None:
    """Add a rule; where one with this name exists already, that one stays."""
    database.run(
        "INSERT OR IGNORE INTO protected_refs (project_id, kind, name, push_level, merge_level, allow_force_push)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (project_id, kind, name, push, merge, int(force)),
    )
