"""Where somebody may create projects, and what may be created there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from core.errors import Forbidden, Invalid
from core.model.access import AccessLevel, Visibility
from core.model.dataset import Namespace
from gitlab_bridge.client import Client, Payload
from gitlab_bridge.projects import parse_namespace

MAX_GROUPS = 1000
NAMED_IN_ERRORS = 20

# GitLab's `project_creation_level` of a group: who creates projects in it
_CREATORS = {
    "developer": AccessLevel.DEVELOPER,
    "maintainer": AccessLevel.MAINTAINER,
    "owner": AccessLevel.OWNER,
}
_NOBODY = frozenset({"noone", "administrator"})


def list_namespaces(client: Client) -> list[Namespace]:
    """Return the caller's own place, then the groups where projects may be created, by path."""
    own = _own_place(client)
    groups = _groups_to_create_in(client)
    return [*own, *sorted(groups, key=lambda group: group.full_path.casefold())]


def resolve_namespace(client: Client, text: str) -> Namespace:
    """Return the namespace with that full path, or that number, that the caller may write to.

    A namespace that is not among the caller's own ones is looked up: GitLab decides in the end
    (administrators and shared groups create where no membership says so).
    Raises:  Invalid, naming the field and what is possible.
    """
    wanted = text.strip().strip("/")
    possible = list_namespaces(client)
    found = _pick(possible, wanted)
    if found is None and wanted:
        found = _look_up(client, wanted)
    if found is None:
        raise _unknown(wanted, possible)
    return found


def check_room(client: Client, namespace: Namespace, visibility: Visibility) -> None:
    """Refuse a visibility above that of the project's group, which is asked now."""
    if namespace.kind == "user":
        return
    subject = f"the group {namespace.full_path}"
    group = client.find(f"/groups/{namespace.id}", subject, {"with_projects": "false"})
    if group is not None:  # a member of the project alone may not see it: GitLab decides
        check_visibility(parse_namespace(group), visibility)


def check_visibility(namespace: Namespace, visibility: Visibility) -> None:
    """Refuse a project that is more open than its group, as GitLab would, in words."""
    if visibility.rank <= namespace.visibility.rank:
        return
    possible = [level.value for level in Visibility if level.rank <= namespace.visibility.rank]
    raise Invalid(
        f"The group {namespace.full_path} is {namespace.visibility.value}: nothing in it can be "
        f"{visibility.value}. Choose {' or '.join(possible)}, or another namespace.",
        details={"field": "visibility", "possible": possible},
    )


def _own_place(client: Client) -> list[Namespace]:
    person = client.read("/user", "you")
    if person.get("can_create_project") is False:
        return []
    username = quote(str(person.get("username", "")), safe="")
    found = client.find(f"/namespaces/{username}", "your own namespace")
    return [parse_namespace(found)] if found and found.get("kind") == "user" else []


def _groups_to_create_in(client: Client) -> list[Namespace]:
    groups = _groups(client, AccessLevel.DEVELOPER)
    levels = {_CREATORS.get(str(group.get("project_creation_level"))) for group in groups}
    higher: dict[AccessLevel, set[int]] = {
        level: {int(group["id"]) for group in _groups(client, level)}
        for level in levels
        if level is not None and level > AccessLevel.DEVELOPER
    }
    return [parse_namespace(group) for group in groups if _may_create(group, higher)]


def _may_create(group: Payload, higher: dict[AccessLevel, set[int]]) -> bool:
    stated = str(group.get("project_creation_level"))
    if stated in _NOBODY:
        return False
    required = _CREATORS.get(stated, AccessLevel.DEVELOPER)
    return required not in higher or int(group["id"]) in higher[required]


def _groups(client: Client, level: AccessLevel) -> Sequence[Payload]:
    query = {"min_access_level": level.value, "order_by": "path", "sort": "asc"}
    return client.walk("/groups", "your groups", query, max_rows=MAX_GROUPS)[0]


def _pick(namespaces: Iterable[Namespace], wanted: str) -> Namespace | None:
    known = list(namespaces)
    by_path = {namespace.full_path: namespace for namespace in known}
    folded = {namespace.full_path.casefold(): namespace for namespace in known}
    by_number = {str(namespace.id): namespace for namespace in known}
    return by_path.get(wanted) or folded.get(wanted.casefold()) or by_number.get(wanted)


def _look_up(client: Client, wanted: str) -> Namespace | None:
    try:
        found = client.find(f"/namespaces/{quote(wanted, safe='')}", f"the namespace {wanted}")
    except (Forbidden, Invalid):
        return None
    if found is None or (namespace := parse_namespace(found)).kind == "user":
        return None
    group = client.find(f"/groups/{namespace.id}", f"the group {wanted}")
    return parse_namespace(group) if group else None


def _unknown(wanted: str, possible: Sequence[Namespace]) -> Invalid:
    paths = [namespace.full_path for namespace in possible]
    shown = ", ".join(paths[:NAMED_IN_ERRORS]) or "none"
    return Invalid(
        f"{wanted!r} is no namespace where you may create something. Possible: {shown}.",
        details={"field": "namespace", "possible": paths},
    )
