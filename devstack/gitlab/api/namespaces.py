"""Namespaces: where projects can lie."""

from __future__ import annotations

from itertools import count

from flask import Blueprint, Response, jsonify

from devstack.gitlab.entities.groups import namespace_body
from devstack.gitlab.errors import not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import OWNER, GroupRights
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import Namespace, find_namespace
from devstack.gitlab.store.users import User

blueprint = Blueprint("namespaces", __name__)


def _own(namespace: Namespace, user: User) -> bool:
    """Whether somebody belongs to a namespace; administrators to all."""
    if user.admin or namespace.owner_id == user.id:
        return True
    return namespace.is_group and GroupRights(here().database, user, namespace).membership > 0


@blueprint.get("/namespaces")
def list_namespaces() -> Response:
    """One's own namespace and groups; all of them for administrators."""
    user = current_user()
    given = read(
        Field("search"),
        Field("owned_only", "boolean"),
        Field("top_level_only", "boolean"),
        Field("full_path_search", "boolean"),
    )
    text = (given.get("search") or "").casefold()
    spaces = [
        Namespace(*row) for row in here().database.rows("SELECT * FROM namespaces ORDER BY id")
    ]
    found = [
        namespace_body(space, user)
        for space in spaces
        if _matches(space, text, with_parents=bool(given.get("full_path_search")))
        and not (given.get("top_level_only") and space.parent_id)
        and _own(space, user)
        and (not given.get("owned_only") or _owned(space, user))
    ]
    return paged_list(found, wanted_page())


def _matches(namespace: Namespace, text: str, *, with_parents: bool) -> bool:
    path = namespace.full_path if with_parents else namespace.path
    return text in path.casefold() or text in namespace.name.casefold()


def _owned(namespace: Namespace, user: User) -> bool:
    if namespace.owner_id == user.id:
        return True
    return namespace.is_group and GroupRights(here().database, user, namespace).membership >= OWNER


@blueprint.get("/namespaces/<segment:key>")
def show(key: str) -> Response:
    """Answer one of one's own namespaces, by id or full path; others are not there, public or not."""
    user = current_user()
    found = find_namespace(here().database, key)
    if found is None or not _own(found, user):
        raise not_found("Namespace")
    return jsonify(namespace_body(found, user))


@blueprint.get("/namespaces/<segment:key>/exists")
def exists(key: str) -> Response:
    """Whether a path is taken, with free ones beside it."""
    current_user()
    given = read(Field("parent_id", "integer"))
    siblings = {
        row[0].casefold()
        for row in here().database.rows(
            "SELECT path FROM namespaces WHERE parent_id IS ?", (given.get("parent_id"),)
        )
    }
    taken = key.casefold() in siblings
    free = next(f"{key}{n}" for n in count(1) if f"{key}{n}".casefold() not in siblings)
    return jsonify({"exists": taken, "suggests": [free] if taken else []})
