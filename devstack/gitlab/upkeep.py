"""Work that goes on behind the answers, and is taken up again after a crash: deletions and forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devstack.gitlab.repository import names
from devstack.gitlab.repository.copying import copy_repository
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository, remove_repository
from devstack.gitlab.store.projects import find_project
from devstack.gitlab.store.protection import protect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devstack.gitlab.state import Server


def resume(server: Server) -> None:
    """Finish what the last run of the server left half done."""
    clear_deleted(server)
    remove_repositories(server, _without_project(server))
    for (project_id,) in server.database.rows(
        "SELECT id FROM projects WHERE import_status IN ('scheduled', 'started')"
    ):
        fill_fork(server, project_id)


def clear_deleted(server: Server) -> None:
    """Finish every deletion that was begun, also those that a crash interrupted."""
    for (project_id,) in server.database.rows("SELECT id FROM projects WHERE deleting = 1"):
        remove_repository(server.repository_path(project_id))
        server.database.run("DELETE FROM projects WHERE id = ?", (project_id,))


def remove_repositories(server: Server, project_ids: Iterable[int]) -> None:
    """Delete the repositories of projects that have no row any more."""
    for project_id in project_ids:
        remove_repository(server.repository_path(project_id))


def _without_project(server: Server) -> list[int]:
    """Return the ids of repositories whose project is gone; only before requests are answered."""
    known = {row[0] for row in server.database.rows("SELECT id FROM projects")}
    found = {
        int(path.stem)
        for path in (server.home / "repositories").glob("*.git")
        if path.stem.isdecimal()
    }
    return sorted(found - known)


def fill_fork(server: Server, project_id: int) -> None:
    """Copy the source's repository into a fork; begun again after a crash, it starts over."""
    project = find_project(server.database, project_id)
    if project is None or project.forked_from_id is None or project.import_status == "finished":
        return
    server.database.update("projects", project_id, import_status="started")
    source = find_project(server.database, project.forked_from_id)
    if source is None:
        server.database.update("projects", project_id, import_status="failed")
        return
    branch = source.default_branch or DEFAULT_BRANCH
    copy_repository(server, source.id, project_id)
    if names.find_branch(open_repository(server, project_id), branch) is not None:
        protect(server.database, project_id, branch)
    server.database.update("projects", project_id, import_status="finished")
