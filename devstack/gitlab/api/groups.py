"""Groups and subgroups."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import owned_group, visible_group
from devstack.gitlab.api.removal import delete_group
from devstack.gitlab.entities.groups import SETTING_DEFAULTS, group_body, group_shares
from devstack.gitlab.entities.projects import project_bodies
from devstack.gitlab.errors import Refusal, bad_request, forbidden
from devstack.gitlab.identity import caller, current_user
from devstack.gitlab.naming import problems_of_group
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import (
    MAINTAINER,
    OWNER,
    ROLES,
    VISIBILITIES,
    VISIBILITY_LEVELS,
    GroupRights,
)
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import (
    Namespace,
    create_group,
    descendant_ids,
    read_namespace,
    rename_tree,
)
from devstack.gitlab.store.project_search import SHARED_WITH, ProjectSearch
from devstack.gitlab.store.users import User
from devstack.gitlab.system_events import group_event

blueprint = Blueprint("groups", __name__)

_CREATION_LEVELS = ("noone", "owner", "maintainer", "developer", "administrator")
_SETTINGS = (
    Field("project_creation_level", values=_CREATION_LEVELS),
    Field("subgroup_creation_level", values=("owner", "maintainer")),
    *(
        Field(name, "boolean")
        for name, value in SETTING_DEFAULTS.items()
        if isinstance(value, bool)
    ),
    Field("default_branch"),
    Field("default_branch_protection", "integer", values=(0, 1, 2, 3, 4)),
)
_TEXTS = (Field("description"), Field("visibility", values=VISIBILITIES))
_LIST_FIELDS = (
    Field("search"),
    Field("owned", "boolean"),
    Field("min_access_level", "integer", values=ROLES),
    Field("all_available", "boolean"),
    Field("top_level_only", "boolean"),
    Field("skip_groups", "integers"),
    Field("visibility", values=VISIBILITIES),
    Field("order_by", values=("name", "path", "id", "similarity")),
    Field("sort", values=("asc", "desc")),
    Field("statistics", "boolean"),
)


@blueprint.get("/groups")
def list_groups() -> Response:
    """Answer the groups that the caller may see."""
    return _list("")


@blueprint.get("/groups/<segment:group>/subgroups")
def list_subgroups(group: str) -> Response:
    """Answer the groups directly below one."""
    return _list(f"AND parent_id = {visible_group(group).group.id:d}")


@blueprint.get("/groups/<segment:group>/groups/shared")
def list_sharing_groups(group: str) -> Response:
    """Answer the groups that this one was invited to."""
    number = visible_group(group).group.id
    shares = "SELECT shared_group_id FROM group_shares WHERE group_id"
    return _list(f"AND id IN ({shares} = {number:d})", everything=True)


@blueprint.get("/groups/<segment:group>/invited_groups")
def list_invited_groups(group: str) -> Response:
    """Answer the groups that were invited to this one."""
    number = visible_group(group).group.id
    shares = "SELECT group_id FROM group_shares WHERE shared_group_id"
    return _list(f"AND id IN ({shares} = {number:d})", everything=True)


@blueprint.get("/groups/<segment:group>/descendant_groups")
def list_descendants(group: str) -> Response:
    """Answer the groups anywhere below one."""
    below = descendant_ids(here().database, visible_group(group).group.id)
    return _list(f"AND id IN ({','.join(str(number) for number in below)})")


def _list(condition: str, *, everything: bool = False) -> Response:
    """Answer the groups that fit; `everything`: also those that the caller only sees."""
    given = read(*_LIST_FIELDS)
    if everything:
        given["all_available"] = True
    order = {"id": "id", "path": "fold(path)"}.get(given.get("order_by") or "name", "fold(name)")
    rows = here().database.rows(
        f"SELECT * FROM namespaces WHERE kind = 'group' {condition} ORDER BY {order} {given.get('sort') or 'asc'}, id"
    )
    fitting = [group for group in (Namespace(*row) for row in rows) if _fits(group, given)]
    page = wanted_page()
    bodies: list[Any] = [None] * len(fitting)
    window = slice(page.offset, page.offset + page.size)
    bodies[window] = [group_body(group) for group in fitting[window]]
    return paged_list(bodies, page)


def _fits(group: Namespace, given: dict[str, Any]) -> bool:
    """Whether a group passes the filters and may be seen; without `all_available` only administrators get all."""
    text, user = (given.get("search") or "").casefold(), caller().user
    rights = GroupRights(here().database, user, group)
    least = max(OWNER if given.get("owned") else 0, given.get("min_access_level") or 0)
    everything = user is None or given.get("all_available", bool(user.admin))
    return (
        (text in group.name.casefold() or text in group.path.casefold())
        and given.get("visibility") in (None, group.visibility)
        and not (given.get("top_level_only") and group.parent_id)
        and group.id not in given.get("skip_groups", [])
        and (not least or rights.membership >= least)
        and (everything or bool(least) or rights.belongs)
        and rights.can_see
    )


@blueprint.get("/groups/<segment:group>")
def show(group: str) -> Response:
    """Answer one group, with its projects unless told otherwise."""
    found = visible_group(group).group
    given = read(Field("with_projects", "boolean"))
    return jsonify(detailed_group(found, projects=given.get("with_projects") is not False))


def detailed_group(group: Namespace, *, projects: bool = True) -> dict[str, Any]:
    """Return a group with what it is shared with and, if wanted, its projects."""
    body = {**group_body(group), "shared_with_groups": group_shares(group)}
    if group.parent_id is None:
        body["prevent_sharing_groups_outside_hierarchy"] = False
    if projects:
        body["projects"] = _projects("p.namespace_id = :group", group)
        body["shared_projects"] = _projects(SHARED_WITH, group)
    return body


def _projects(condition: str, group: Namespace) -> list[dict[str, Any]]:
    search = ProjectSearch(here().database, caller().user)
    search.where(condition, group=group.id)
    return project_bodies(search.page(100), caller().user)


@blueprint.post("/groups")
def create() -> tuple[Response, int]:
    """Make a group, on top or below another one; the caller becomes its owner."""
    user = current_user()
    given = read(
        Field("name", required=True),
        Field("path", required=True),
        Field("parent_id", "integer"),
        *_TEXTS,
        *_SETTINGS,
    )
    parent = _parent(user, given.get("parent_id"))
    visibility = given.get("visibility") or "private"
    with here().database.changes():
        problems = problems_of(given["name"] or "", given["path"] or "", parent)
        if parent and VISIBILITY_LEVELS[visibility] > VISIBILITY_LEVELS[parent.visibility]:
            text = f"{visibility} is not allowed since the parent group has a {parent.visibility} visibility."
            problems["visibility_level"] = [text]
        if problems:
            raise bad_request(f"Failed to save group {_ruby(problems)}")
        group_id = create_group(
            here().database,
            name=given["name"],
            path=given["path"],
            parent=parent,
            owner_id=user.id,
            visibility=visibility,
            description=given.get("description") or "",
            settings=_settings(given),
        )
    group_event("group_create", read_namespace(here().database, group_id))
    return jsonify(detailed_group(read_namespace(here().database, group_id))), 201


def _parent(user: User, parent_id: int | None) -> Namespace | None:
    if parent_id is None:
        if not user.can_create_group and not user.admin:
            raise forbidden()
        return None
    rights = visible_group(str(parent_id))
    needed = (
        OWNER if rights.group.settings.get("subgroup_creation_level") == "owner" else MAINTAINER
    )
    if rights.level < needed:
        raise forbidden()
    return rights.group


def problems_of(
    name: str, path: str, parent: Namespace | None, but: int = 0
) -> dict[str, list[str]]:
    """Return GitLab's complaints about a group of that name and path there; `but` is the group itself."""
    problems = problems_of_group(name, path, top=parent is None)
    full_path = f"{parent.full_path}/{path}" if parent else path
    taken = here().database.value(
        "SELECT 1 FROM namespaces WHERE full_path = :path AND id <> :but"
        " UNION SELECT 1 FROM projects WHERE full_path = :path",
        {"path": full_path, "but": but},
    )
    if taken:
        problems.setdefault("path", []).append("has already been taken")
    return problems


def _ruby(problems: dict[str, list[str]]) -> str:
    """Write errors the way GitLab's server prints them."""
    fields = (
        f":{name}=>[{', '.join(json.dumps(text) for text in texts)}]"
        for name, texts in problems.items()
    )
    return "{" + ", ".join(fields) + "}"


def _settings(given: dict[str, Any], old: dict[str, Any] | None = None) -> str:
    names = {field.name for field in _SETTINGS}
    return json.dumps(
        {**(old or {}), **{name: value for name, value in given.items() if name in names}}
    )


@blueprint.put("/groups/<segment:group>")
def change(group: str) -> Response:
    """Change names, texts, visibility or settings of a group."""
    current_user()
    old = owned_group(group).group
    given = read(Field("name"), Field("path"), *_TEXTS, *_SETTINGS)
    database = here().database
    with database.changes():
        parent = read_namespace(database, old.parent_id) if old.parent_id else None
        problems = problems_of(
            given.get("name") or old.name, given.get("path") or old.path, parent, but=old.id
        )
        problems |= _visibility_problems(old, parent, given.get("visibility"))
        if problems:
            raise Refusal(400, {"message": problems})
        columns = {
            name: given[name]
            for name in ("name", "path", "description", "visibility")
            if given.get(name) is not None
        }
        database.update("namespaces", old.id, **columns, settings=_settings(given, old.settings))
        if given.get("path") and given["path"] != old.path:
            rename_tree(
                database,
                old.full_path,
                f"{parent.full_path}/{given['path']}" if parent else given["path"],
            )
    changed = read_namespace(database, old.id)
    if changed.full_path != old.full_path:
        group_event("group_rename", changed, old_path=old.path, old_full_path=old.full_path)
    return jsonify(detailed_group(changed))


def _visibility_problems(
    group: Namespace, parent: Namespace | None, wanted: str | None
) -> dict[str, list[str]]:
    if wanted is None:
        return {}
    texts = []
    if parent and VISIBILITY_LEVELS[wanted] > VISIBILITY_LEVELS[parent.visibility]:
        texts.append(
            f"{wanted} is not allowed since the parent group has a {parent.visibility} visibility."
        )
    for table, word in (("projects", "projects"), ("namespaces", "sub-groups")):
        rows = here().database.rows(
            f"SELECT DISTINCT visibility FROM {table} WHERE substr(full_path, 1, ?) = ? COLLATE NOCASE",
            (len(group.full_path) + 1, group.full_path + "/"),
        )
        if any(VISIBILITY_LEVELS[row[0]] > VISIBILITY_LEVELS[wanted] for row in rows):
            texts.append(
                f"{wanted} is not allowed since this group contains {word} with higher visibility."
            )
    return {"visibility_level": texts} if texts else {}


@blueprint.delete("/groups/<segment:group>")
def remove(group: str) -> tuple[Response, int]:
    """Delete a group with everything in it."""
    current_user()
    found = owned_group(group).group
    group_event("group_destroy", found)
    delete_group(found)
    return jsonify({"message": "202 Accepted"}), 202
