"""One commit through the API: which branch, on top of what, by whom; then everything that a push leads to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pygit2

from devstack.gitlab.errors import bad_request, forbidden
from devstack.gitlab.identity import current_user
from devstack.gitlab.parameters import Field
from devstack.gitlab.policy import ProjectRights, may_push_to
from devstack.gitlab.push_events import NO_COMMIT, RefChange
from devstack.gitlab.pushes import Push, finish_push
from devstack.gitlab.repository import names
from devstack.gitlab.repository.drafts import ActionRefused
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.repository.writing import Action, RefMoved, apply_actions, move_ref
from devstack.gitlab.state import here
from devstack.gitlab.store.protection import protections

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_ALLOWED = "You are not allowed to push into this branch"
NO_BRANCH = "You can only create or edit files when you are on a branch"
_MOST_TRIES = 50
_PAUSE_SECONDS = 0.02

COMMIT_FIELDS = (
    Field("branch", required=True, blank=False),
    Field("commit_message", required=True, blank=False),
    Field("start_branch"),
    Field("start_sha"),
    Field("author_email"),
    Field("author_name"),
    Field("force", "boolean"),
)


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What to commit where, as the request says it."""

    branch: str
    message: str
    actions: Sequence[Action]
    start: str | None
    force: bool
    author_name: str | None
    author_email: str | None

    @classmethod
    def of(cls, given: dict[str, Any], actions: Sequence[Action]) -> CommitRequest:
        """Take it from checked parameters."""
        return cls(
            given["branch"],
            given["commit_message"],
            actions,
            given.get("start_branch") or given.get("start_sha"),
            bool(given.get("force")),
            given.get("author_name"),
            given.get("author_email"),
        )


def may_commit_to(rights: ProjectRights, branch: str) -> bool:
    """Whether the caller may move a branch through the API."""
    return may_push_to(rights, protections(here().database, rights.project.id), branch)


def commit_changes(rights: ProjectRights, wanted: CommitRequest) -> pygit2.Commit:
    """Make the commit, again if somebody else was faster, and return it.

    Raises: Refusal 400 in GitLab's words, if the branch or one of the actions does not allow it.
    """
    server, project_id = here(), rights.project.id
    if not names.valid_branch_name(wanted.branch):
        raise bad_request("Branch name is invalid")
    for _ in range(_MOST_TRIES):
        repository = open_repository(server, project_id)
        try:
            with server.project_lock(project_id):
                old, new = _attempt(repository, wanted)
        except RefMoved:
            time.sleep(_PAUSE_SECONDS)  # a push holds the ref for moments only
            continue
        except ActionRefused as refused:
            raise bad_request(str(refused)) from refused
        change = RefChange(str(old) if old else NO_COMMIT, str(new), f"refs/heads/{wanted.branch}")
        finish_push(Push(rights, (change,)))
        made = names.find_commit(repository, str(new))
        if made is not None:
            return made
    raise bad_request("The branch is being changed by others all the time; try again")


def _attempt(
    repository: pygit2.Repository, wanted: CommitRequest
) -> tuple[pygit2.Oid | None, pygit2.Oid]:
    tip = names.find_branch(repository, wanted.branch)
    start = _start(repository, wanted, tip)
    tree = apply_actions(repository, start, wanted.actions)
    user = current_user()
    committer = pygit2.Signature(_plain(user.name), _plain(user.email))
    author = pygit2.Signature(
        _plain(wanted.author_name or user.name), _plain(wanted.author_email or user.email)
    )
    parents = [] if start is None else [start.id]
    new = repository.create_commit(None, author, committer, wanted.message, tree, parents)
    move_ref(repository, f"refs/heads/{wanted.branch}", tip.id if tip else None, new)
    return (tip.id if tip else None), new


def _plain(text: str) -> str:
    """Return a name as git can store it."""
    return text.translate({ord(char): None for char in "<>\n\0"}).strip() or "unknown"


def _start(
    repository: pygit2.Repository, wanted: CommitRequest, tip: pygit2.Commit | None
) -> pygit2.Commit | None:
    """Return the commit to build on; None in an empty repository."""
    if wanted.start is not None and wanted.start != wanted.branch:
        if tip is not None and not wanted.force:
            text = f"A branch called '{wanted.branch}' already exists. Switch to that branch in order to make changes"
            raise ActionRefused(text)
        start = names.find_branch(repository, wanted.start) or names.find_commit(
            repository, wanted.start
        )
        if start is None and not names.is_empty(repository):
            raise ActionRefused(NO_BRANCH)
        return start
    if tip is None and not names.is_empty(repository):
        raise ActionRefused(NO_BRANCH)
    return tip


def require_push(rights: ProjectRights) -> None:
    """401 for nobody, 403 for roles that never push."""
    current_user()
    if not rights.can_push:
        raise forbidden()
