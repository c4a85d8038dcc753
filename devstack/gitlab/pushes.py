"""What a push may do, told to the hook; and what a push leads to: default branch, protection, activity, hooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devstack.gitlab.policy import MAINTAINER, matches, may_push_to
from devstack.gitlab.push_events import NO_COMMIT, RefChange, announce
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.projects import read_project, touch
from devstack.gitlab.store.protection import Protection, protect, protections

if TYPE_CHECKING:
    from pathlib import Path

    from devstack.gitlab.policy import ProjectRights

_HEADS = "refs/heads/"
_WILD = frozenset("?[]\\\n")


@dataclass(frozen=True, slots=True)
class Push:
    """Everything that one push moved."""

    rights: ProjectRights
    changes: tuple[RefChange, ...]

    @classmethod
    def of_report(cls, rights: ProjectRights, report: str) -> Push:
        """Read the lines that the post-receive hook left."""
        return cls(
            rights, tuple(RefChange(*line.split(" ", 2)) for line in report.splitlines() if line)
        )


def push_environment(rights: ProjectRights, report: Path) -> dict[str, str]:
    """Return the variables by which the hooks know what the caller may do."""
    database, project = here().database, rights.project
    branch_rules = [
        _line(rule, may=may_push_to(rights, [rule], rule.name))
        for rule in protections(database, project.id)
    ]
    tag_rules = [
        _line(rule, may=0 < rule.push_level <= rights.level)
        for rule in protections(database, project.id, "tag")
    ]
    return {
        "PUSH_DEFAULT_BRANCH": project.default_branch or "",
        "PUSH_IS_MAINTAINER": str(int(rights.level >= MAINTAINER)),
        "PUSH_BRANCH_RULES": "\n".join(line for line in branch_rules if line),
        "PUSH_TAG_RULES": "\n".join(line for line in tag_rules if line),
        "PUSH_REPORT": str(report),
    }


def _line(rule: Protection, *, may: bool) -> str:
    """Return one rule for the hook; a pattern that no ref name can match is left out."""
    return (
        ""
        if _WILD.intersection(rule.name)
        else f"{int(may)} {int(bool(rule.allow_force_push))} {rule.name}"
    )


def finish_push(push: Push) -> None:
    """Do what follows a push or an API commit: default branch, protection, activity, hooks."""
    if not push.changes:
        return
    server, project_id = here(), push.rights.project.id
    settle_default_branch(push)
    touch(server.database, project_id)
    announce(project_id, push.rights.user, push.changes)


def settle_default_branch(push: Push) -> None:
    """Name a default branch after the first push, and protect it where no rule is about it yet."""
    server, project_id = here(), push.rights.project.id
    repository = open_repository(server, project_id)
    pushed = [
        change.name[len(_HEADS) :] for change in push.changes if change.name.startswith(_HEADS)
    ]
    with server.database.changes():
        current = read_project(server.database, project_id).default_branch
        if current is None or names.find_branch(repository, current) is None:
            present = [name for name in pushed if names.find_branch(repository, name) is not None]
            others = set(names.branches(repository)) - set(pushed)
            if not present or (current is not None and others):
                return
            current = next(
                (name for name in (DEFAULT_BRANCH, "master") if name in present), present[0]
            )
            server.database.update("projects", project_id, default_branch=current)
            repository.set_head(_HEADS + current)
        born = any(
            change.name == _HEADS + current and change.old == NO_COMMIT for change in push.changes
        )
        if born and not any(
            matches(rule.name, current) for rule in protections(server.database, project_id)
        ):
            protect(server.database, project_id, current)
