"""Deleting projects and groups: gone for callers at once, their repositories soon after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devstack.gitlab.state import here
from devstack.gitlab.upkeep import clear_deleted, remove_repositories

if TYPE_CHECKING:
    from devstack.gitlab.store.namespaces import Namespace
    from devstack.gitlab.store.projects import Project


def delete_project(project: Project) -> None:
    """Hide a project and free its path; its repository and row go in the background."""
    server = here()
    server.database.run(
        "UPDATE projects SET deleting = 1, full_path = NULL WHERE id = ?", (project.id,)
    )
    server.in_background(lambda: clear_deleted(server))


def delete_group(group: Namespace) -> None:
    """Delete a group with all groups and projects in it; their repositories go in the background."""
    server = here()
    with server.database.changes() as connection:
        rows = server.database.rows(
            "SELECT id FROM projects WHERE substr(full_path, 1, ?) = ? COLLATE NOCASE",
            (len(group.full_path) + 1, group.full_path + "/"),
        )
        connection.execute("DELETE FROM namespaces WHERE id = ?", (group.id,))
    ids = [row[0] for row in rows]
    server.in_background(lambda: remove_repositories(server, ids))
