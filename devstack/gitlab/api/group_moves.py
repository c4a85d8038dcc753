"""What else is done with a group: sharing it with another one, moving it, taking projects in."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.groups import detailed_group, problems_of
from devstack.gitlab.api.lookup import owned_group, visible_group, visible_project
from devstack.gitlab.api.project_actions import move_project
from devstack.gitlab.errors import bad_request, conflict, not_found
from devstack.gitlab.identity import current_user, require_admin
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import MAINTAINER, OWNER, ROLES, VISIBILITY_LEVELS
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.namespaces import Namespace, descendant_ids, read_namespace, rename_tree
from devstack.gitlab.system_events import group_event

blueprint = Blueprint("group_moves", __name__)


@blueprint.post("/groups/<segment:group>/share")
def share(group: str) -> tuple[Response, int]:
    """Let the members of another group in."""
    current_user()
    mine = owned_group(group).group
    given = read(
        Field("group_id", "integer", required=True),
        Field("group_access", "integer", required=True, values=ROLES),
        Field("expires_at", "day"),
    )
    other = visible_group(str(given["group_id"])).group
    try:
        here().database.insert(
            "group_shares",
            shared_group_id=mine.id,
            group_id=other.id,
            group_access=given["group_access"],
            expires_at=given.get("expires_at"),
            created_at=now(),
        )
    except sqlite3.IntegrityError as error:
        text = "Shared group The group has already been shared with this group"
        raise conflict(text) from error
    return jsonify(detailed_group(mine)), 201


@blueprint.delete("/groups/<segment:group>/share/<int:group_id>")
def unshare(group: str, group_id: int) -> tuple[str, int]:
    """End that."""
    current_user()
    mine = owned_group(group).group
    if not here().database.run(
        "DELETE FROM group_shares WHERE shared_group_id = ? AND group_id = ?", (mine.id, group_id)
    ):
        raise not_found("Group Link")
    return "", 204


@blueprint.post("/groups/<segment:group>/transfer")
def transfer(group: str) -> tuple[Response, int]:
    """Move a group with everything in it below another one or, without one, to the top."""
    user = current_user()
    old = owned_group(group).group
    group_id = read(Field("group_id", "integer")).get("group_id")
    parent = None
    if group_id is not None:
        rights = visible_group(str(group_id))
        parent = rights.group
        needed = OWNER if parent.settings.get("subgroup_creation_level") == "owner" else MAINTAINER
        if rights.level < needed:
            raise _stays("You don't have enough permissions.")
    elif old.parent_id is not None and not (user.can_create_group or user.admin):
        raise _stays("You don't have enough permissions.")
    _check_move(old, parent)
    new_path = f"{parent.full_path}/{old.path}" if parent else old.path
    database = here().database
    with database.changes():
        database.update("namespaces", old.id, parent_id=parent.id if parent else None)
        rename_tree(database, old.full_path, new_path)
        if parent is not None:
            _hide(old, parent.visibility)
    moved = read_namespace(database, old.id)
    group_event("group_rename", moved, old_path=old.path, old_full_path=old.full_path)
    return jsonify(detailed_group(moved)), 201


def _check_move(group: Namespace, parent: Namespace | None) -> None:
    """Refuse a move to where the group is, into itself, or onto a path that is taken."""
    if parent is None and group.parent_id is None:
        raise _stays("Group is already a root group.")
    if parent is not None and parent.id == group.parent_id:
        raise _stays("Group is already associated to the parent group.")
    if parent is not None and parent.id in {
        group.id,
        *descendant_ids(here().database, group.id),
    }:
        raise _stays("Cannot transfer group to one of its subgroup.")
    if problems_of(group.name, group.path, parent, but=group.id):
        text = "The parent group already has a subgroup or a project with the same path."
        raise _stays(text)


def _stays(reason: str) -> Exception:
    return bad_request(f"Transfer failed: {reason}")


def _hide(group: Namespace, visibility: str) -> None:
    """Let nothing in a group be more visible than its new parent."""
    higher = [name for name, level in VISIBILITY_LEVELS.items() if level > VISIBILITY_LEVELS[visibility]]  # fmt: skip
    database = here().database
    ids = ",".join(str(number) for number in (group.id, *descendant_ids(database, group.id)))
    marks = ",".join("?" * len(higher))
    for table, column in (("namespaces", "id"), ("projects", "namespace_id")):
        database.run(
            f"UPDATE {table} SET visibility = ? WHERE {column} IN ({ids}) AND visibility IN ({marks})",
            (visibility, *higher),
        )


@blueprint.post("/groups/<segment:group>/projects/<segment:project>")
def take_project(group: str, project: str) -> tuple[Response, int]:
    """Move a project into a group (administrators)."""
    user = require_admin()
    target = visible_group(group).group
    move_project(user, visible_project(project).project, target)
    return jsonify(detailed_group(target)), 201
