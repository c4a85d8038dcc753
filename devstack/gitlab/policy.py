"""Who may do what. Levels: 10 guest, 15 planner, 20 reporter, 30 developer, 40 maintainer, 50 owner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from devstack.gitlab.store.access import level_in_group, levels_in_project

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database
    from devstack.gitlab.store.namespaces import Namespace
    from devstack.gitlab.store.projects import Project
    from devstack.gitlab.store.protection import Protection
    from devstack.gitlab.store.users import User

NO_ACCESS, MINIMAL, GUEST, PLANNER, REPORTER, DEVELOPER, MAINTAINER, OWNER, ADMIN = (
    0,
    5,
    10,
    15,
    20,
    30,
    40,
    50,
    60,
)
ROLES = (GUEST, PLANNER, REPORTER, DEVELOPER, MAINTAINER, OWNER)
GROUP_ROLES = (MINIMAL, *ROLES)
ROLE_NAMES = {
    NO_ACCESS: "No access",
    GUEST: "Guest",
    PLANNER: "Planner",
    REPORTER: "Reporter",
    DEVELOPER: "Developers + Maintainers",
    MAINTAINER: "Maintainers",
    OWNER: "Owner",
    ADMIN: "Instance administrators",
}
HUMAN_ROLES = {
    MINIMAL: "Minimal Access",
    GUEST: "Guest",
    PLANNER: "Planner",
    REPORTER: "Reporter",
    DEVELOPER: "Developer",
    MAINTAINER: "Maintainer",
    OWNER: "Owner",
}
VISIBILITIES = ("private", "internal", "public")
VISIBILITY_LEVELS = {"private": 0, "internal": 10, "public": 20}


@dataclass(frozen=True)
class ProjectRights:
    """What one caller may do in one project."""

    database: Database
    user: User | None
    project: Project

    @cached_property
    def levels(self) -> tuple[int, int]:
        """The level in the project itself and the one by way of groups."""
        return (
            (0, 0)
            if self.user is None
            else levels_in_project(self.database, self.user.id, self.project.id)
        )

    @cached_property
    def membership(self) -> int:
        """The highest level by membership alone."""
        return max(self.levels)

    @cached_property
    def level(self) -> int:
        """The level that counts: administrators act as owners."""
        return OWNER if self.user is not None and self.user.admin else self.membership

    @property
    def open_to_all(self) -> bool:
        """Whether the caller may read without being a member."""
        if self.project.visibility == "public":
            return True
        return (
            self.project.visibility == "internal"
            and self.user is not None
            and not self.user.external
        )

    @property
    def can_see(self) -> bool:
        """Whether the project exists for the caller."""
        return self.open_to_all or self.level >= GUEST

    @property
    def can_download(self) -> bool:
        """Whether the caller may read files and history: the repository's own setting may be narrower."""
        wanted = self.project.settings.get("repository_access_level")
        if wanted == "disabled":
            return False
        if wanted == "private" and self.level < GUEST:
            return False
        return self.open_to_all or self.level >= REPORTER

    @property
    def can_push(self) -> bool:
        """Whether the caller may push to branches that nothing protects."""
        return self.level >= DEVELOPER and self.can_download and not self.project.archived

    @property
    def can_administer(self) -> bool:
        """Whether the caller may change settings, members and hooks."""
        return self.level >= MAINTAINER

    @property
    def is_owner(self) -> bool:
        """Whether the caller may delete, archive, transfer."""
        return self.level >= OWNER


@dataclass(frozen=True)
class GroupRights:
    """What one caller may do in one group."""

    database: Database
    user: User | None
    group: Namespace

    @cached_property
    def membership(self) -> int:
        """The highest level by membership, inherited included."""
        return (
            0 if self.user is None else level_in_group(self.database, self.user.id, self.group.id)
        )

    @cached_property
    def level(self) -> int:
        """The level that counts: administrators act as owners."""
        return OWNER if self.user is not None and self.user.admin else self.membership

    @cached_property
    def can_see(self) -> bool:
        """Whether the group exists for the caller: by visibility, by membership, or through a project inside."""
        if self.group.visibility == "public" or self.level > 0:
            return True
        if self.user is None:
            return False
        return (
            self.group.visibility == "internal" and not self.user.external
        ) or self._reaches_a_project()

    @property
    def belongs(self) -> bool:
        """Whether the caller is a member of the group or of a project in it."""
        return self.membership > 0 or self._reaches_a_project()

    def _reaches_a_project(self) -> bool:
        """Whether the caller is a direct member of a project in here or below."""
        found = self.database.value(
            """SELECT 1 FROM project_members m JOIN projects p ON p.id = m.project_id
               WHERE m.user_id = ? AND p.deleting = 0 AND substr(p.full_path, 1, ?) = ? COLLATE NOCASE""",
            (
                self.user.id if self.user else 0,
                len(self.group.full_path) + 1,
                self.group.full_path + "/",
            ),
        )
        return found is not None


def matches(pattern: str, name: str) -> bool:
    """Whether a rule for `pattern` (where `*` stands for any text) is about the branch or tag `name`."""
    if "*" not in pattern:
        return pattern == name
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), name) is not None


def may_push_to(rights: ProjectRights, rules: list[Protection], branch: str) -> bool:
    """Whether the caller may move `branch`; among several rules about it the kindest counts."""
    about = [rule for rule in rules if matches(rule.name, branch)]
    if not rights.can_push:
        return False
    return not about or any(_reaches(rights, rule.push_level) for rule in about)


def may_merge_to(rights: ProjectRights, rules: list[Protection], branch: str) -> bool:
    """Whether the caller may merge into `branch`."""
    about = [rule for rule in rules if matches(rule.name, branch)]
    if not rights.can_push:
        return False
    return not about or any(_reaches(rights, rule.merge_level) for rule in about)


def _reaches(rights: ProjectRights, needed: int) -> bool:
    return needed != NO_ACCESS and rights.level >= min(needed, OWNER)
