"""Topics: readable by everybody, made by administrators (or by naming them in a project)."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.errors import bad_request, invalid, not_found
from devstack.gitlab.identity import require_admin
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here

blueprint = Blueprint("topics", __name__)

_LONGEST = {"name": 255, "title": 255, "description": 1024}
_ROWS = """SELECT t.*, (SELECT COUNT(*) FROM project_topics pt JOIN projects p ON p.id = pt.project_id
                        WHERE pt.topic_id = t.id AND p.deleting = 0) AS projects FROM topics t"""


def _body(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "title": row["title"],
        "description": row["description"],
        "total_projects_count": row["projects"],
        "organization_id": 1,
        "avatar_url": None,
    }


@blueprint.get("/topics")
def list_topics() -> Response:
    """Answer all topics, the most used first."""
    given = read(Field("search"), Field("without_projects", "boolean"))
    rows = here().database.rows(
        f"{_ROWS} WHERE instr(fold(t.name), fold(?)) > 0 ORDER BY projects DESC, t.id",
        (given.get("search") or "",),
    )
    wanted = [row for row in rows if not given.get("without_projects") or not row["projects"]]
    return paged_list([_body(row) for row in wanted], wanted_page())


@blueprint.get("/topics/<int:topic_id>")
def show(topic_id: int) -> Response:
    """Answer one topic."""
    return jsonify(_body(_row(topic_id)))


def _row(topic_id: int) -> sqlite3.Row:
    row = here().database.row(f"{_ROWS} WHERE t.id = ?", (topic_id,))
    if row is None:
        raise not_found()
    return row


@blueprint.post("/topics")
def create() -> tuple[Response, int]:
    """Make a topic (administrators)."""
    require_admin()
    given = read(Field("name", required=True), Field("title", required=True), Field("description"))
    _check(given)
    try:
        topic_id = here().database.insert(
            "topics", **{name: given.get(name) for name in ("name", "title", "description")}
        )
    except sqlite3.IntegrityError as error:
        raise invalid(name=["has already been taken"]) from error
    return jsonify(_body(_row(topic_id))), 201


def _check(given: dict[str, Any]) -> None:
    """Refuse texts that a topic cannot have."""
    blank = {
        name: ["can't be blank"]
        for name in ("name", "title")
        if name in given and not (given[name] or "").strip()
    }
    long = {
        name: [f"is too long (maximum is {most} characters)"]
        for name, most in _LONGEST.items()
        if len(given.get(name) or "") > most
    }
    if blank or long:
        raise invalid(**blank, **long)


@blueprint.post("/topics/merge")
def merge() -> tuple[Response, int]:
    """Give the projects of one topic another one, and delete the first (administrators)."""
    require_admin()
    given = read(
        Field("source_topic_id", "integer", required=True),
        Field("target_topic_id", "integer", required=True),
    )
    source, target = _row(given["source_topic_id"] or 0), _row(given["target_topic_id"] or 0)
    if source["id"] == target["id"]:
        raise bad_request("The source topic and the target topic are identical.")
    with here().database.changes() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO project_topics SELECT project_id, ? FROM project_topics WHERE topic_id = ?",
            (target["id"], source["id"]),
        )
        connection.execute("DELETE FROM topics WHERE id = ?", (source["id"],))
    return jsonify(_body(_row(target["id"]))), 201


@blueprint.put("/topics/<int:topic_id>")
def change(topic_id: int) -> Response:
    """Change a topic (administrators)."""
    require_admin()
    row = _row(topic_id)
    given = read(Field("name"), Field("title"), Field("description"))
    _check(given)
    try:
        here().database.update("topics", row["id"], **given)
    except sqlite3.IntegrityError as error:
        raise invalid(name=["has already been taken"]) from error
    return jsonify(_body(_row(topic_id)))


@blueprint.delete("/topics/<int:topic_id>")
def remove(topic_id: int) -> tuple[str, int]:
    """Delete a topic (administrators)."""
    require_admin()
    here().database.run("DELETE FROM topics WHERE id = ?", (_row(topic_id)["id"],))
    return "", 204
