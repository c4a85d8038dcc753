"""Roles that a project's own answer does not tell, and who may grant some."""

from __future__ import annotations

import re

from core.errors import Forbidden, NotFound
from core.model.access import AccessLevel, Person
from gitlab_bridge.client import Client
from gitlab_bridge.fields import Payload, find_text
from gitlab_bridge.projects import level_of

MAX_MEMBERS = 300

_BOT = re.compile(r"(?:project|group)_\d+_bot")  # the users of project and group tokens


def read_full_level(client: Client, number: int, person: Person) -> AccessLevel:
    """Return the person's role by membership, group or share; administrators own everything."""
    if person.is_admin:
        return AccessLevel.OWNER
    try:
        member = client.find(
            f"/projects/{number}/members/all/{person.id}", f"your role in {number}"
        )
    except Forbidden:  # members are not shown to outsiders
        return AccessLevel.NONE
    return role_of(member) if member else AccessLevel.NONE


def list_granters(client: Client, number: int) -> tuple[str, ...] | None:
    """Return user names of active Maintainers and Owners, owners first; None if not shown."""
    subject = f"the members of {number}"
    try:
        rows, _ = client.walk(f"/projects/{number}/members/all", subject, {}, max_rows=MAX_MEMBERS)
    except (Forbidden, NotFound):
        return None
    granting = {
        str(row["username"]): role_of(row)
        for row in rows
        if _is_somebody(row) and role_of(row) >= AccessLevel.MAINTAINER
    }
    return tuple(sorted(granting, key=lambda name: (-granting[name], name)))


def role_of(member: Payload) -> AccessLevel:
    """Return the role of a membership; none unless it and the person are said to be active."""
    # `membership_state` ("awaiting") is there in some editions only
    states = (member.get("state"), member.get("membership_state", "active"))
    active = states == ("active", "active")
    return level_of(member.get("access_level")) if active else AccessLevel.NONE


def _is_somebody(member: Payload) -> bool:
    name = find_text(member, "username")
    return bool(name) and not _BOT.match(name)
