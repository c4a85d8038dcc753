"""Making, opening and removing bare repositories."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import ConfigLevel, RepositoryInitFlag, RepositoryInitMode, RepositoryOpenFlag

if TYPE_CHECKING:
    from pathlib import Path

    from devstack.gitlab.state import Server

DEFAULT_BRANCH = "main"


class RepositoryGone(Exception):
    """The project was deleted between the look-up of its row and the opening of its repository."""


def prepare_library() -> None:
    """Make libgit2 durable and deaf to the configuration of whoever runs the server."""
    pygit2.settings.enable_fsync_gitdir(value=True)
    pygit2.settings.owner_validation = False
    pygit2.settings.enable_caching(value=True)
    for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
        pygit2.settings.search_path[level] = ""


def create_repository(
    server: Server, project_id: int, default_branch: str = DEFAULT_BRANCH
) -> pygit2.Repository:
    """Make an empty bare repository whose HEAD names a branch that is not born yet."""
    return pygit2.init_repository(
        str(server.repository_path(project_id)),
        bare=True,
        flags=RepositoryInitFlag.BARE | RepositoryInitFlag.MKPATH,
        mode=RepositoryInitMode.SHARED_UMASK,
        initial_head=default_branch,
    )


def open_repository(server: Server, project_id: int) -> pygit2.Repository:
    """Open the repository of a project.

    Raises: RepositoryGone, if it was deleted meanwhile.
    """
    flags = RepositoryOpenFlag.BARE | RepositoryOpenFlag.NO_SEARCH
    path = server.repository_path(project_id)
    try:
        return pygit2.Repository(str(path), flags)
    except pygit2.GitError as error:
        if path.exists():
            raise
        raise RepositoryGone(str(path)) from error


def remove_repository(path: Path) -> None:
    """Delete the directory of a repository; one that is gone already is no error."""
    shutil.rmtree(path, ignore_errors=True)
