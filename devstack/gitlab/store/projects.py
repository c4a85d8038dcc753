"""Projects: their rows, topics and stars."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstack.gitlab.store.database import Column, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from devstack.gitlab.store.database import Database

COLUMNS = (
    "id, namespace_id, creator_id, name, path, full_path, description, visibility, default_branch, archived, deleting,"
    " forked_from_id, import_status, settings, created_at, updated_at, last_activity_at"
)


@dataclass(frozen=True, slots=True)
class Project:
    """One project; `default_branch` is None until the first push or a choice by hand."""

    id: int
    namespace_id: int
    creator_id: int | None
    name: str
    path: str
    full_path: str
    description: str | None
    visibility: str
    default_branch: str | None
    archived: int
    deleting: int
    forked_from_id: int | None
    import_status: str
    settings_json: str
    created_at: str
    updated_at: str
    last_activity_at: str

    @property
    def settings(self) -> dict[str, Any]:
        """What was set on it beyond the columns."""
        loaded: dict[str, Any] = json.loads(self.settings_json)
        return loaded


def project_of(row: sqlite3.Row | None) -> Project | None:
    """Turn a row of `projects` into a Project."""
    return None if row is None else Project(*row)


def find_project(database: Database, key: str | int) -> Project | None:
    """Return the project with this id or full path, unless it is being deleted."""
    text = str(key)
    column = "id" if text.isdecimal() else "full_path"
    return project_of(
        database.row(f"SELECT {COLUMNS} FROM projects WHERE {column} = ? AND deleting = 0", (text,))
    )


def read_project(database: Database, project_id: int) -> Project:
    """Return a project that is known to exist."""
    found = find_project(database, project_id)
    if found is None:
        raise sqlite3.DatabaseError(f"project {project_id} is referred to but gone")
    return found


def find_moved(database: Database, full_path: str) -> Project | None:
    """Return the project that once had this path."""
    moved = database.value("SELECT project_id FROM former_paths WHERE full_path = ?", (full_path,))
    return None if moved is None else find_project(database, moved)


def create_project(database: Database, *, owner_id: int | None, **values: Column) -> int:
    """Add a project (with its creator as Owner, where `owner_id` is given) and return its id."""
    moment = now()
    with database.changes():
        project_id = database.insert(
            "projects", created_at=moment, updated_at=moment, last_activity_at=moment, **values
        )
        database.run("DELETE FROM former_paths WHERE full_path = ?", (values["full_path"],))
        if owner_id is not None:
            database.insert(
                "project_members",
                project_id=project_id,
                user_id=owner_id,
                access_level=50,
                created_by_id=owner_id,
                created_at=moment,
            )
    return project_id


def touch(database: Database, project_id: int) -> None:
    """Say that something happened in a project."""
    database.update("projects", project_id, last_activity_at=now())


def topics_of(database: Database, project_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the topics of many projects, sorted by name."""
    marks = ",".join("?" * len(project_ids))
    found: dict[int, list[str]] = {project_id: [] for project_id in project_ids}
    for project_id, name in database.rows(
        f"SELECT pt.project_id, t.name FROM project_topics pt JOIN topics t ON t.id = pt.topic_id"
        f" WHERE pt.project_id IN ({marks}) ORDER BY t.name",
        project_ids,
    ):
        found[project_id].append(name)
    return found


def set_topics(database: Database, project_id: int, names: Iterable[str]) -> None:
    """Replace the topics of a project; unknown ones are made."""
    with database.changes() as connection:
        connection.execute("DELETE FROM project_topics WHERE project_id = ?", (project_id,))
        for name in names:
            connection.execute(
                "INSERT OR IGNORE INTO topics (name, title) VALUES (?, ?)", (name, name)
            )
            connection.execute(
                "INSERT OR IGNORE INTO project_topics SELECT ?, id FROM topics WHERE name = ?",
                (project_id, name),
            )
