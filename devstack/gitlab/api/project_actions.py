"""What else is done with a project: stars, archiving, sharing with groups, moving to another namespace."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import administered_project, owned_project, visible_project
from devstack.gitlab.api.project_rules import (
    check_names,
    least_visibility,
    may_create_in,
    visible_namespace,
)
from devstack.gitlab.entities.groups import public_group
from devstack.gitlab.entities.projects import full_project
from devstack.gitlab.entities.users import basic_user
from devstack.gitlab.errors import Refusal, bad_request, conflict, forbidden, not_found
from devstack.gitlab.identity import caller, current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import MAINTAINER, ROLES, GroupRights, ProjectRights
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.members import Source, all_members
from devstack.gitlab.store.namespaces import Namespace, ancestors, find_namespace
from devstack.gitlab.store.projects import Project, read_project
from devstack.gitlab.store.users import User
from devstack.gitlab.system_events import project_event

blueprint = Blueprint("project_actions", __name__)

_OWN_GROUP = "Project cannot be shared with the group it is in or one of its ancestors."


def _answer(project_id: int, status: int = 201) -> tuple[Response, int]:
    return jsonify(full_project(read_project(here().database, project_id), caller().user)), status


@blueprint.post("/projects/<segment:project>/star")
def star(project: str) -> tuple[Response | str, int]:
    """Mark a project as a favourite."""
    user = current_user()
    project_id = visible_project(project).project.id
    added = here().database.run(
        "INSERT OR IGNORE INTO stars (project_id, user_id, starred_at) VALUES (?, ?, ?)",
        (project_id, user.id, now()),
    )
    return _answer(project_id) if added else ("", 304)


@blueprint.post("/projects/<segment:project>/unstar")
def unstar(project: str) -> tuple[Response | str, int]:
    """Take that back."""
    user = current_user()
    project_id = visible_project(project).project.id
    removed = here().database.run(
        "DELETE FROM stars WHERE project_id = ? AND user_id = ?", (project_id, user.id)
    )
    return _answer(project_id) if removed else ("", 304)


@blueprint.get("/projects/<segment:project>/starrers")
def list_starrers(project: str) -> Response:
    """Answer who did, and since when."""
    project_id = visible_project(project).project.id
    text = (read(Field("search")).get("search") or "").casefold()
    rows = here().database.rows(
        "SELECT u.*, s.starred_at FROM stars s JOIN users u ON u.id = s.user_id"
        " WHERE s.project_id = ? ORDER BY u.id",
        (project_id,),
    )
    fans = [(row["starred_at"], User(*tuple(row)[:-1])) for row in rows]
    return paged_list(
        [
            {"starred_since": since, "user": basic_user(user)}
            for since, user in fans
            if text in f"{user.name} {user.username}".casefold()
        ],
        wanted_page(),
    )


@blueprint.post("/projects/<segment:project>/<any(archive, unarchive):action>")
def archive(project: str, action: str) -> tuple[Response, int]:
    """Make a project read-only, or writable again."""
    current_user()
    project_id = owned_project(project).project.id
    here().database.update(
        "projects", project_id, archived=int(action == "archive"), updated_at=now()
    )
    return _answer(project_id)


@blueprint.post("/projects/<segment:project>/share")
def share(project: str) -> tuple[Response, int]:
    """Lend the members of a group a level in the project, at most their own in the group."""
    current_user()
    rights = administered_project(project)
    given = read(
        Field("group_id", "integer", required=True),
        Field("group_access", "integer", required=True, values=ROLES),
        Field("expires_at", "day"),
    )
    group = find_namespace(here().database, given["group_id"])
    if (
        group is None
        or not group.is_group
        or not GroupRights(here().database, rights.user, group).can_see
    ):
        raise not_found("Group")
    if given["group_access"] > rights.level:
        raise forbidden()
    if group.id in {one.id for one in ancestors(here().database, rights.project.namespace_id)}:
        raise conflict(_OWN_GROUP)
    try:
        share_id = here().database.insert(
            "project_shares", project_id=rights.project.id, created_at=now(), **given
        )
    except sqlite3.IntegrityError as error:
        raise conflict("Group already shared with this group") from error
    body = {
        "id": share_id,
        "project_id": rights.project.id,
        "group_id": group.id,
        "group_access": given["group_access"],
    }
    return jsonify({**body, "expires_at": given.get("expires_at")}), 201


@blueprint.delete("/projects/<segment:project>/share/<int:group_id>")
def unshare(project: str, group_id: int) -> tuple[str, int]:
    """End that."""
    current_user()
    rights = administered_project(project)
    removed = here().database.run(
        "DELETE FROM project_shares WHERE project_id = ? AND group_id = ?",
        (rights.project.id, group_id),
    )
    if not removed:
        raise not_found("Group Link")
    return "", 204


@blueprint.put("/projects/<segment:project>/transfer")
def transfer(project: str) -> tuple[Response, int]:
    """Move a project to another namespace, less visible if that asks for it; the old path leads to the new one."""
    user = current_user()
    row = owned_project(project).project
    given = read(Field("namespace", required=True))
    move_project(user, row, visible_namespace(user, given["namespace"] or ""))
    return _answer(row.id, 200)


def move_project(user: User, row: Project, target: Namespace) -> None:
    """Move a project; its old path leads to the new one.

    Raises: Refusal 400, if it is there already, may not go there, or its name is taken.
    """
    database = here().database
    if target.id == row.namespace_id:
        raise _stays("Project is already in this namespace.")
    if not _may_move_to(user, target):
        raise _stays("You don't have permission to transfer projects into that namespace.")
    visibility = least_visibility(row.visibility, target)
    with database.changes():
        try:
            check_names(target, row.name, row.path, but=row.id)
        except Refusal as refusal:
            text = "Project with same name or path in target namespace already exists"
            raise _stays(text) from refusal
        database.run("INSERT OR REPLACE INTO former_paths VALUES (?, ?)", (row.full_path, row.id))
        new_path = f"{target.full_path}/{row.path}"
        database.run("DELETE FROM former_paths WHERE full_path = ?", (new_path,))
        database.update(
            "projects",
            row.id,
            namespace_id=target.id,
            full_path=new_path,
            visibility=visibility,
            updated_at=now(),
        )
    project_event("project_transfer", row.id, old_path_with_namespace=row.full_path)


def _may_move_to(user: User, target: Namespace) -> bool:
    """Whether somebody may move projects there: into the own namespace, or as Maintainer of a group."""
    if not target.is_group:
        return may_create_in(user, target)
    return GroupRights(here().database, user, target).level >= MAINTAINER


def _stays(reason: str) -> Refusal:
    return bad_request(f'Failed to transfer project {{:new_namespace=>["{reason}"]}}')


@blueprint.get("/projects/<segment:project>/users")
def list_users(project: str) -> Response:
    """Answer everybody who belongs to a project."""
    rights = _seen(project)
    given = read(Field("search"), Field("skip_users", "integers"))
    text = (given.get("search") or "").casefold()
    rows = all_members(
        here().database, Source("project", rights.project.id, rights.project.namespace_id)
    )
    users = [User(*tuple(row)[:14]) for row in rows]
    return paged_list(
        [
            basic_user(user)
            for user in users
            if text in f"{user.name} {user.username}".casefold()
            and user.id not in given.get("skip_users", [])
        ],
        wanted_page(),
    )


@blueprint.get("/projects/<segment:project>/groups")
def list_groups(project: str) -> Response:
    """Answer the groups that a project lies in, those that it is shared with on request."""
    rights = _seen(project)
    given = read(Field("search"), Field("skip_groups", "integers"), Field("with_shared", "boolean"))
    groups = ancestors(here().database, rights.project.namespace_id)
    if given.get("with_shared"):
        groups += _invited(rights.project.id)
    return _public_groups(groups, given)


@blueprint.get("/projects/<segment:project>/invited_groups")
def list_invited_groups(project: str) -> Response:
    """Answer the groups that a project is shared with."""
    rights = visible_project(project)
    return _public_groups(_invited(rights.project.id), read(Field("search")))


def _invited(project_id: int) -> list[Namespace]:
    rows = here().database.rows(
        "SELECT g.* FROM project_shares s JOIN namespaces g ON g.id = s.group_id WHERE s.project_id = ? ORDER BY g.id",
        (project_id,),
    )
    return [Namespace(*row) for row in rows]


def _public_groups(groups: list[Namespace], given: dict[str, Any]) -> Response:
    """Answer those of the groups that the caller may see and asks for, without their settings."""
    text, user = (given.get("search") or "").casefold(), caller().user
    bodies = [
        public_group(group)
        for group in groups
        if group.is_group
        and group.id not in given.get("skip_groups", [])
        and (text in group.name.casefold() or text in group.path.casefold())
        and GroupRights(here().database, user, group).can_see
    ]
    return paged_list(bodies, wanted_page())


def _seen(project: str) -> ProjectRights:
    current_user()
    return visible_project(project)
