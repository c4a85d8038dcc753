"""Roles that a project's own answer does not tell, and who may grant some."""

from __future__ import annotations

import re

from core.errors import Forbidden, NotFound
from core.model.access import AccessLevel, Person
from gitlab_bridge.client import Client, Payload
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
    if member is None or member.get("state", "active") != "active":
        return AccessLevel.NONE
    return level_of(member.get("access_level"))


def list_granters(client: Client, number: int) -> tuple[str, ...] | None:
    """Return user names of active Maintainers and Owners, owners first; None if not shown."""
    subject = f"the members of {number}"
    try:
        rows, _ = client.walk(f"/projects/{number}/members/all", subject, {}, max_rows=MAX_MEMBERS)
    except (Forbidden, NotFound):
        return None
    granting = {
        str(row["username"]): level_of(row.get("access_level"))
        for row in rows
        if _is_somebody(row) and level_of(row.get("access_level")) >= AccessLevel.MAINTAINER
    }
    return tuple(sorted(granting, key=lambda name: (-granting[name], name)))


def _is_somebody(member: Payload) -> bool:
    name = member.get("username")
    active = member.get("state", "active") == "active"
    return active and isinstance(name, str) and not _BOT.match(name)
