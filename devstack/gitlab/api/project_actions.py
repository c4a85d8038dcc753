"""What else is done with a project: stars, archiving, sharing with groups, moving to another namespace."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import administered_project, owned_project, visible_project
from devstack.gitlab.api.project_rules import check_names, least_visibility, namespace_for
from devstack.gitlab.entities.projects import full_project
from devstack.gitlab.entities.users import basic_user
from devstack.gitlab.errors import Refusal, conflict, not_found
from devstack.gitlab.identity import caller, current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ROLES, GroupRights, ProjectRights
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.members import Source, all_members
from devstack.gitlab.store.namespaces import ancestors, find_namespace
from devstack.gitlab.store.projects import read_project
from devstack.gitlab.store.users import User
from devstack.gitlab.system_events import project_event

blueprint = Blueprint("project_actions", __name__)


def _answer(project_id: int, status: int = 201) -> tuple[Response, int]:
    return jsonify(full_project(read_project(here().database, project_id), caller().user)), status


@blueprint.post("/projects/<segment:project>/star")
def star(project: str) -> tuple[Response | str, int]:
    """Mark a project as a favourite."""
    user = current_user()
    project_id = visible_project(project).project.id
    added = here().database.run("INSERT OR IGNORE INTO stars VALUES (?, ?)", (project_id, user.id))
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
    """Answer who did."""
    rows = here().database.rows(
        "SELECT u.* FROM stars s JOIN users u ON u.id = s.user_id WHERE s.project_id = ? ORDER BY u.id",
        (visible_project(project).project.id,),
    )
    return paged_list(
        [{"starred_since": None, "user": basic_user(User(*row))} for row in rows], wanted_page()
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
    try:
        share_id = here().database.insert(
            "project_shares", project_id=rights.project.id, created_at=now(), **given
        )
    except sqlite3.IntegrityError as error:
        raise conflict("group_id has already been taken") from error
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
    rights = owned_project(project)
    given = read(Field("namespace", required=True, blank=False))
    target, row, database = namespace_for(user, given["namespace"]), rights.project, here().database
    if target.id == row.namespace_id:
        raise Refusal(
            400, {"message": "400 Bad request - Transfer failed, please contact an admin."}
        )
    visibility = least_visibility(row.visibility, target)
    with database.changes():
        check_names(target, row.name, row.path, but=row.id)
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
    return _answer(row.id, 200)


@blueprint.get("/projects/<segment:project>/users")
def list_users(project: str) -> Response:
    """Answer everybody who belongs to a project."""
    rights = _seen(project)
    given = read(Field("search"))
    text = (given.get("search") or "").casefold()
    rows = all_members(
        here().database, Source("project", rights.project.id, rights.project.namespace_id)
    )
    users = [User(*tuple(row)[:14]) for row in rows]
    return paged_list(
        [basic_user(user) for user in users if text in f"{user.name} {user.username}".casefold()],
        wanted_page(),
    )


@blueprint.get("/projects/<segment:project>/groups")
def list_groups(project: str) -> Response:
    """Answer the groups that a project lies in."""
    rights = _seen(project)
    groups = [
        space for space in ancestors(here().database, rights.project.namespace_id) if space.is_group
    ]
    root = here().external_url
    bodies = [
        {
            "id": group.id,
            "name": group.name,
            "avatar_url": None,
            "web_url": f"{root}/groups/{group.full_path}",
            "full_name": group.name,
            "full_path": group.full_path,
        }
        for group in groups
    ]
    return paged_list(bodies, wanted_page())


def _seen(project: str) -> ProjectRights:
    current_user()
    return visible_project(project)
