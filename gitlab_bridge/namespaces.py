"""Where somebody may create datasets and sites, and what may be created there.

GitLab lets Developers of a group create projects too, but leaves them Developers of what they made:
they could not open `main`, choose a storage site or take back what failed. So Labset asks for
Maintainer in the group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from core.errors import Forbidden, Invalid
from core.model.access import AccessLevel, Visibility
from core.model.dataset import Namespace
from gitlab_bridge.client import Client
from gitlab_bridge.fields import Payload, find_text, number_in, text_in
from gitlab_bridge.members import role_of
from gitlab_bridge.projects import is_leaving, parse_namespace, parse_person

MAX_GROUPS = 1000
NAMED_IN_ERRORS = 20

# the role that GitLab's `project_creation_level` of a group asks for, at least ours; words that are
# not here (`noone`, what is to come) are not guessed to the caller's advantage
_ROLES = {
    "developer": AccessLevel.MAINTAINER,
    "maintainer": AccessLevel.MAINTAINER,
    "owner": AccessLevel.OWNER,
}
_ADMINISTRATORS = "administrator"
_FULL_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


def list_namespaces(client: Client) -> list[Namespace]:
    """Return the caller's own place, then the groups where projects may be created, by path."""
    own = _own_place(client)
    groups = _groups_to_create_in(client)
    return [*own, *sorted(groups, key=lambda group: group.full_path.casefold())]


def resolve_namespace(client: Client, text: str) -> Namespace:
    """Return the namespace with that full path, or that number, where the caller may create.

    A group that GitLab does not list as the caller's is looked up: administrators and members of
    groups that it is shared with create there too.
    Raises:  Invalid, naming the field and what is possible.
    """
    wanted = text.strip().strip("/")
    possible = list_namespaces(client)
    return _pick(possible, wanted) or _look_up(client, wanted, possible)


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
    if person.get("can_create_project") is not True:
        return []
    username = quote(parse_person(person).username, safe="")
    found = client.find(f"/namespaces/{username}", "your own namespace")
    return [parse_namespace(found)] if found and found.get("kind") == "user" else []


def _groups_to_create_in(client: Client) -> list[Namespace]:
    groups = [group for group in _groups(client, AccessLevel.MAINTAINER) if not is_leaving(group)]
    owned: set[int] = set()
    if any(_role_to_create(group) is AccessLevel.OWNER for group in groups):
        owned = {number_in(group, "id") for group in _groups(client, AccessLevel.OWNER)}
    return [parse_namespace(group) for group in groups if _may_create(group, owned)]


def _may_create(group: Payload, owned: set[int]) -> bool:
    role = _role_to_create(group)
    return number_in(group, "id") in owned if role is AccessLevel.OWNER else role is not None


def _role_to_create(group: Payload) -> AccessLevel | None:
    return _ROLES.get(find_text(group, "project_creation_level"))


def _groups(client: Client, level: AccessLevel) -> Sequence[Payload]:
    query = {"min_access_level": level.value, "order_by": "path", "sort": "asc"}
    return client.walk("/groups", "your groups", query, max_rows=MAX_GROUPS)[0]


def _pick(namespaces: Iterable[Namespace], wanted: str) -> Namespace | None:
    known = list(namespaces)
    by_path = {namespace.full_path: namespace for namespace in known}
    folded = {namespace.full_path.casefold(): namespace for namespace in known}
    by_number = {str(namespace.id): namespace for namespace in known}
    return by_path.get(wanted) or folded.get(wanted.casefold()) or by_number.get(wanted)


def _look_up(client: Client, wanted: str, possible: Sequence[Namespace]) -> Namespace:
    found = _find_namespace(client, wanted) if _FULL_PATH.fullmatch(wanted) else None
    if found is None or found.get("kind") == "user":
        raise _unknown(wanted, possible)
    subject = f"the group {wanted}"
    number = number_in(found, "id")
    group = client.find(f"/groups/{number}", subject, {"with_projects": "false"})
    if group is None or is_leaving(group):
        raise _unknown(wanted, possible)
    _check_role(client, group, possible)
    return parse_namespace(group)


def _find_namespace(client: Client, wanted: str) -> Payload | None:
    try:
        return client.find(f"/namespaces/{quote(wanted, safe='')}", f"the namespace {wanted}")
    except (Forbidden, Invalid):
        return None


def _check_role(client: Client, group: Payload, possible: Sequence[Namespace]) -> None:
    wanted = text_in(group, "full_path")
    needed = _role_to_create(group)
    person = parse_person(client.read("/user", "you"))
    level = find_text(group, "project_creation_level")
    if person.is_admin and (needed is not None or level == _ADMINISTRATORS):
        return
    if needed is None:
        raise _unknown(wanted, possible)
    path = f"/groups/{number_in(group, 'id')}/members/all/{person.id}"
    member = client.find(path, "your role in the group")
    role = role_of(member) if member else AccessLevel.NONE
    if role >= needed:
        return
    yours = role.label if role else "not a member"
    why = f" Creating there takes {needed.label}, you are {yours}."
    raise _unknown(wanted, possible, why)


def _unknown(wanted: str, possible: Sequence[Namespace], why: str = "") -> Invalid:
    paths = [namespace.full_path for namespace in possible]
    shown = ", ".join(paths[:NAMED_IN_ERRORS]) or "none"
    return Invalid(
        f"{wanted!r} is no namespace where you may create something.{why} Possible: {shown}.",
        details={"field": "namespace", "possible": paths},
    )
