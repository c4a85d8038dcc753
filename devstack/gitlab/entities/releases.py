"""Releases as JSON: the notes of a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from devstack.gitlab.entities.repository import commit_body
from devstack.gitlab.entities.users import basic_user
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.users import find_user

if TYPE_CHECKING:
    import sqlite3

    from devstack.gitlab.store.projects import Project


_FORMATS = ("zip", "tar.gz", "tar.bz2", "tar")


def tag_release(project_id: int, tag: str) -> dict[str, Any] | None:
    """Return what a tag says about its release."""
    row = here().database.row(
        "SELECT tag_name, description FROM releases WHERE project_id = ? AND tag_name = ?",
        (project_id, tag),
    )
    return None if row is None else {"tag_name": row["tag_name"], "description": row["description"]}


def _sources(tag: str, project: Project) -> list[dict[str, str]]:
    """Return where the tree of a tag is packed."""
    name = f"{project.path}-{tag.replace('/', '-')}"
    root = f"{here().external_url}/{project.full_path}/-/archive/{tag}/{name}"
    return [{"format": kind, "url": f"{root}.{kind}"} for kind in _FORMATS]


def release_body(row: sqlite3.Row, project: Project) -> dict[str, Any]:
    """Return a release."""
    commit = names.commit_of(names.find_tag(open_repository(here(), project.id), row["tag_name"]))
    root = f"{here().external_url}/{project.full_path}/-"
    return {
        "tag_name": row["tag_name"],
        "name": row["name"],
        "description": row["description"],
        "created_at": row["created_at"],
        "released_at": row["released_at"],
        "upcoming_release": row["released_at"] > now(),
        "author": basic_user(find_user(here().database, row["author_id"]))
        if row["author_id"]
        else None,
        "commit": None if commit is None else commit_body(commit, project),
        "commit_path": None if commit is None else f"/{project.full_path}/-/commit/{commit.id}",
        "tag_path": f"/{project.full_path}/-/tags/{row['tag_name']}",
        "assets": {
            "count": len(_FORMATS),
            "sources": _sources(row["tag_name"], project),
            "links": [],
        },
        "evidences": [],
        "_links": {
            "self": f"{root}/releases/{quote(row['tag_name'], safe='')}",
            "edit_url": f"{root}/releases/{quote(row['tag_name'], safe='')}/edit",
        },
    }
