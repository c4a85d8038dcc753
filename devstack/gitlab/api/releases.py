"""Releases: notes that belong to a tag."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.committing import require_push
from devstack.gitlab.api.lookup import readable_project
from devstack.gitlab.entities.releases import release_body
from devstack.gitlab.errors import Refusal, conflict, not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ProjectRights
from devstack.gitlab.push_events import NO_COMMIT, RefChange
from devstack.gitlab.pushes import Push, finish_push
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.repository.writing import move_ref
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now

blueprint = Blueprint("releases", __name__)

_RELEASES = "/projects/<segment:project>/releases"
_TEXTS = (Field("name"), Field("description"), Field("released_at"))


@blueprint.get(_RELEASES)
def list_releases(project: str) -> Response:
    """Answer the releases, the youngest first."""
    rights = readable_project(project)
    rows = here().database.rows(
        "SELECT * FROM releases WHERE project_id = ? ORDER BY released_at DESC, id DESC",
        (rights.project.id,),
    )
    return paged_list([release_body(row, rights.project) for row in rows], wanted_page())


@blueprint.get(f"{_RELEASES}/<segment:tag>")
def show(project: str, tag: str) -> Response:
    """Answer one release."""
    rights = readable_project(project)
    return jsonify(release_body(_row(rights, tag), rights.project))


def _row(rights: ProjectRights, tag: str) -> sqlite3.Row:
    row = here().database.row(
        "SELECT * FROM releases WHERE project_id = ? AND tag_name = ?", (rights.project.id, tag)
    )
    if row is None:
        raise not_found()
    return row


@blueprint.post(_RELEASES)
def create(project: str) -> tuple[Response, int]:
    """Give a tag its notes; the tag is made where `ref` says so."""
    rights = readable_project(project)
    require_push(rights)
    given = read(Field("tag_name", required=True, blank=False), Field("ref"), *_TEXTS)
    tag, moment = given["tag_name"], now()
    _ensure_tag(rights, tag, given.get("ref"))
    try:
        here().database.insert(
            "releases",
            project_id=rights.project.id,
            tag_name=tag,
            name=given.get("name") or tag,
            description=given.get("description"),
            author_id=current_user().id,
            created_at=moment,
            released_at=given.get("released_at") or moment,
        )
    except sqlite3.IntegrityError as error:
        raise conflict("Release already exists") from error
    return jsonify(release_body(_row(rights, tag), rights.project)), 201


def _ensure_tag(rights: ProjectRights, tag: str, ref: str | None) -> None:
    repository = open_repository(here(), rights.project.id)
    if names.find_tag(repository, tag) is not None:
        return
    commit = None if ref is None else names.find_commit(repository, ref)
    if ref is None:
        raise Refusal(422, {"message": "Ref is not specified"})
    if commit is None or not names.valid_branch_name(tag):
        raise Refusal(400, {"message": f"Target {ref} is invalid"})
    move_ref(repository, f"refs/tags/{tag}", None, commit.id)
    finish_push(Push(rights, (RefChange(NO_COMMIT, str(commit.id), f"refs/tags/{tag}"),)))


@blueprint.put(f"{_RELEASES}/<segment:tag>")
def change(project: str, tag: str) -> Response:
    """Change the notes."""
    rights = readable_project(project)
    require_push(rights)
    given = read(*_TEXTS)
    here().database.update(
        "releases",
        _row(rights, tag)["id"],
        **{name: value for name, value in given.items() if value is not None},
    )
    return jsonify(release_body(_row(rights, tag), rights.project))


@blueprint.delete(f"{_RELEASES}/<segment:tag>")
def remove(project: str, tag: str) -> Response:
    """Take the notes away; the tag stays."""
    rights = readable_project(project)
    require_push(rights)
    row = _row(rights, tag)
    here().database.run("DELETE FROM releases WHERE id = ?", (row["id"],))
    return jsonify(release_body(row, rights.project))
