"""Releases: notes that belong to a tag."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.committing import require_push
from devstack.gitlab.api.lookup import readable_project
from devstack.gitlab.api.refs import NO_TAG_RIGHTS, make_tag, may_create_tag
from devstack.gitlab.entities.releases import release_body
from devstack.gitlab.errors import Refusal, conflict, forbidden
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ProjectRights
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now

blueprint = Blueprint("releases", __name__)

_RELEASES = "/projects/<segment:project>/releases"
_TEXTS = (Field("name"), Field("description"), Field("released_at", "time"))


@blueprint.get(_RELEASES)
def list_releases(project: str) -> Response:
    """Answer the releases, the youngest first unless told otherwise."""
    rights = readable_project(project)
    given = read(
        Field("order_by", values=("released_at", "created_at")),
        Field("sort", values=("asc", "desc")),
    )
    rows = here().database.rows(
        "SELECT * FROM releases WHERE project_id = ? ORDER BY id", (rights.project.id,)
    )
    order = given.get("order_by") or "released_at"
    newest_first = (given.get("sort") or "desc") == "desc"
    rows.sort(key=lambda row: (row[order], row["id"]), reverse=newest_first)
    return paged_list([release_body(row, rights.project) for row in rows], wanted_page())


@blueprint.get(f"{_RELEASES}/<segment:tag>")
def show(project: str, tag: str) -> Response:
    """Answer one release."""
    rights = readable_project(project)
    row = _row(rights, tag)
    if row is None:
        raise Refusal(404, {"message": "404 Not Found"})
    return jsonify(release_body(row, rights.project))


def _row(rights: ProjectRights, tag: str) -> sqlite3.Row | None:
    return here().database.row(
        "SELECT * FROM releases WHERE project_id = ? AND tag_name = ?", (rights.project.id, tag)
    )


def _own_row(rights: ProjectRights, tag: str) -> sqlite3.Row:
    """Return a release that is to be changed; GitLab forbids to change one that is not there."""
    require_push(rights)
    row = _row(rights, tag)
    if row is None:
        raise forbidden()
    return row


@blueprint.post(_RELEASES)
def create(project: str) -> tuple[Response, int]:
    """Give a tag its notes; the tag is made where `ref` says so."""
    rights = readable_project(project)
    require_push(rights)
    given = read(Field("tag_name", required=True), Field("ref"), Field("tag_message"), *_TEXTS)
    tag, moment = given["tag_name"] or "", now()
    if not may_create_tag(rights, tag):
        raise Refusal(403, {"message": NO_TAG_RIGHTS})
    if _row(rights, tag) is not None:
        raise conflict("Release already exists")
    _ensure_tag(rights, tag, given)
    try:
        here().database.insert(
            "releases",
            project_id=rights.project.id,
            tag_name=tag,
            name=given.get("name") or tag,
            description=given.get("description"),
            author_id=current_user().id,
            created_at=moment,
            released_at=_text(given.get("released_at")) or moment,
        )
    except sqlite3.IntegrityError as error:
        raise conflict("Release already exists") from error
    return jsonify(release_body(_own_row(rights, tag), rights.project)), 201


def _text(moment: datetime | None) -> str | None:
    """Return a time in the shape that GitLab's JSON has."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _ensure_tag(rights: ProjectRights, tag: str, given: dict[str, Any]) -> None:
    repository = open_repository(here(), rights.project.id)
    if names.find_tag(repository, tag) is not None:
        return
    if given.get("ref") is None:
        raise Refusal(422, {"message": "Ref is not specified"})
    make_tag(rights, tag, given["ref"], given.get("tag_message"))


@blueprint.put(f"{_RELEASES}/<segment:tag>")
def change(project: str, tag: str) -> Response:
    """Change the notes."""
    rights = readable_project(project)
    row = _own_row(rights, tag)
    given = read(*_TEXTS)
    if "released_at" in given:
        given["released_at"] = _text(given["released_at"])
    columns = {name: value for name, value in given.items() if value is not None}
    here().database.update("releases", row["id"], **columns)
    return jsonify(release_body(_own_row(rights, tag), rights.project))


@blueprint.delete(f"{_RELEASES}/<segment:tag>")
def remove(project: str, tag: str) -> Response:
    """Take the notes away; the tag stays."""
    rights = readable_project(project)
    row = _own_row(rights, tag)
    body = release_body(row, rights.project)
    here().database.run("DELETE FROM releases WHERE id = ?", (row["id"],))
    return jsonify(body)
