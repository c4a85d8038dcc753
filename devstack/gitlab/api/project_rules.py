"""What must hold before a project is made or changed, in GitLab's words."""

from __future__ import annotations

from devstack.gitlab.errors import Refusal, not_found
from devstack.gitlab.naming import problems_of_project
from devstack.gitlab.policy import DEVELOPER, MAINTAINER, OWNER, VISIBILITY_LEVELS, GroupRights
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import Namespace, find_namespace, find_personal
from devstack.gitlab.store.users import User

TAKEN = "has already been taken"
_CREATION_LEVELS = {
    "developer": DEVELOPER,
    "maintainer": MAINTAINER,
    "owner": OWNER,
    "administrator": OWNER + 1,
    "noone": OWNER + 1,
}


def namespace_for(user: User, wanted: int | str | None) -> Namespace:
    """Return the namespace to create in: the wanted one or the caller's own.

    Raises: Refusal 400 `namespace is not valid`, if it does not exist or the caller may not create there.
    """
    database = here().database
    found = find_personal(database, user.id) if wanted is None else find_namespace(database, wanted)
    if found is None or not may_create_in(user, found):
        raise Refusal(400, {"message": {"namespace": ["is not valid"], "limit_reached": []}})
    return found


def visible_namespace(user: User, wanted: int | str) -> Namespace:
    """Return the namespace with this id or full path; 404 where the caller may not see it."""
    database = here().database
    found = find_namespace(database, wanted)
    if found is not None and found.is_group and GroupRights(database, user, found).can_see:
        return found
    if found is None or found.is_group or not (user.admin or found.owner_id == user.id):
        raise not_found("Namespace")
    return found


def may_create_in(user: User, namespace: Namespace) -> bool:
    """Whether somebody may make projects in a namespace."""
    if user.admin:
        return True
    if not namespace.is_group:
        return namespace.owner_id == user.id
    needed = _CREATION_LEVELS.get(
        namespace.settings.get("project_creation_level", "developer"), DEVELOPER
    )
    return GroupRights(here().database, user, namespace).level >= needed


def check_names(namespace: Namespace, name: str, path: str, but: int = 0) -> None:
    """Refuse a name or path that is malformed, reserved or taken in the namespace; `but` is the project itself."""
    problems = problems_of_project(name, path)
    database = here().database
    path_taken = database.value(
        "SELECT 1 FROM projects WHERE full_path = :path AND id <> :but"
        " UNION SELECT 1 FROM namespaces WHERE full_path = :path",
        {"path": f"{namespace.full_path}/{path}", "but": but},
    )
    name_taken = database.value(
        "SELECT 1 FROM projects WHERE namespace_id = ? AND name = ? AND id <> ? AND deleting = 0",
        (namespace.id, name, but),
    )
    if name_taken:
        problems.setdefault("project_namespace.name", []).append(TAKEN)
        problems.setdefault("name", []).append(TAKEN)
    if path_taken:
        problems.setdefault("path", []).append(TAKEN)
    if problems:
        raise Refusal(400, {"message": {**problems, "limit_reached": []}})


def check_visibility(
    namespace: Namespace, visibility: str, source_visibility: str | None = None
) -> None:
    """Refuse a project that would be more visible than its group or than the project it was forked from."""
    texts = []
    if source_visibility is not None and _above(visibility, source_visibility):
        texts.append(
            f"{visibility} is not allowed since the fork source project has lower visibility."
        )
    if namespace.is_group and _above(visibility, namespace.visibility):
        texts.append(f"{visibility} is not allowed in a {namespace.visibility} group.")
    if texts:
        raise Refusal(400, {"message": {"visibility_level": texts}})


def least_visibility(visibility: str, namespace: Namespace) -> str:
    """Return the highest visibility up to `visibility` that the namespace allows."""
    return (
        namespace.visibility
        if namespace.is_group and _above(visibility, namespace.visibility)
        else visibility
    )


def _above(visibility: str, ceiling: str) -> bool:
    return VISIBILITY_LEVELS[visibility] > VISIBILITY_LEVELS[ceiling]
