"""The place that members, invitations and shares belong to: a project or a group, found for the caller."""

from __future__ import annotations

from dataclasses import dataclass

from devstack.gitlab.api.lookup import visible_group, visible_project
from devstack.gitlab.errors import forbidden
from devstack.gitlab.policy import GROUP_ROLES, MAINTAINER, OWNER, ROLES
from devstack.gitlab.state import here
from devstack.gitlab.store.members import Source
from devstack.gitlab.store.namespaces import read_namespace


@dataclass(frozen=True, slots=True)
class Place:
    """A source of memberships together with the caller's level in it."""

    source: Source
    level: int
    name: str

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return self.source.kind == "group"

    @property
    def roles(self) -> tuple[int, ...]:
        """The levels that a member can have here."""
        return GROUP_ROLES if self.is_group else ROLES

    def require_management(self) -> None:
        """Refuse callers who may not change members: Maintainer in projects, Owner in groups."""
        if self.level < (OWNER if self.is_group else MAINTAINER):
            raise forbidden()

    def require_grant(self, access_level: int) -> None:
        """Refuse callers who would hand out (or take away) more than they have."""
        if access_level > self.level:
            raise forbidden()

    def personal_owner_id(self) -> int | None:
        """Return the person in whose own namespace a project lies."""
        return (
            None
            if self.is_group
            else read_namespace(here().database, self.source.namespace_id).owner_id
        )


def place(kind: str, key: str) -> Place:
    """Return the place that an address names; 404 where it does not exist for the caller."""
    if kind == "groups":
        group = visible_group(key)
        return Place(Source("group", group.group.id, group.group.id), group.level, group.group.name)
    rights = visible_project(key)
    return Place(
        Source("project", rights.project.id, rights.project.namespace_id),
        rights.level,
        rights.project.name,
    )
