"""Deleting projects and groups: hidden first, then cleared away in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devstack.gitlab.state import here
from devstack.gitlab.upkeep import clear_deleted

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
    """Hide everything in a group, delete it and its subgroups, clear repositories in the background."""
    server = here()
    with server.database.changes() as connection:
        connection.execute(
            "UPDATE projects SET deleting = 1, full_path = NULL WHERE substr(full_path, 1, ?) = ? COLLATE NOCASE",
            (len(group.full_path) + 1, group.full_path + "/"),
        )
        connection.execute(
            "UPDATE namespaces SET full_path = '-deleted/' || id || '/' || full_path WHERE id = ?",
            (group.id,),
        )
        connection.execute(
            "UPDATE namespaces SET full_path = '-deleted/' || id || '/' || full_path"
            " WHERE substr(full_path, 1, ?) = ? COLLATE NOCASE",
            (len(group.full_path) + 1, group.full_path + "/"),
        )
    server.in_background(lambda: clear_deleted(server))
