"""One commit through the API: which branch, on top of what, by whom; then everything that a push leads to."""

from __future__ import annotations

import re
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
from devstack.gitlab.repository.copying import bring_objects
from devstack.gitlab.repository.drafts import ActionRefused, FileStale
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

HEX_BRANCH = "You cannot create a branch with a 40-character hexadecimal branch name."
BESIDE = "Failed to create branch '{}': Branch name conflicts with existing branch hierarchy."
_FULL_ID = re.compile(r"[0-9a-fA-F]{40}")

BRANCH_FIELDS = (
    Field("branch", required=True, blank=False),
    Field("start_branch"),
    Field("author_email"),
    Field("author_name"),
)


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """What to commit where, as the request says it; `start_project` is the fork's origin to start from."""

    branch: str
    message: str
    actions: Sequence[Action]
    start_branch: str | None = None
    start_sha: str | None = None
    start_project: int | None = None
    force: bool = False
    author_name: str | None = None
    author_email: str | None = None

    @classmethod
    def of(
        cls, given: dict[str, Any], actions: Sequence[Action], start_project: int | None = None
    ) -> CommitRequest:
        """Take it from checked parameters."""
        return cls(
            given["branch"],
            given["commit_message"],
            actions,
            given.get("start_branch"),
            given.get("start_sha"),
            start_project,
            bool(given.get("force")),
            given.get("author_name"),
            given.get("author_email"),
        )

    @property
    def elsewhere(self) -> bool:
        """Whether the commit builds on something else than the branch that it moves."""
        return (
            self.start_project is not None
            or self.start_sha is not None
            or (self.start_branch or self.branch) != self.branch
        )


def may_commit_to(rights: ProjectRights, branch: str) -> bool:
    """Whether the caller may move a branch through the API."""
    return may_push_to(rights, protections(here().database, rights.project.id), branch)


def commit_changes(rights: ProjectRights, wanted: CommitRequest, stale: str = "") -> pygit2.Commit:
    """Make the commit, again if somebody else was faster, and return it.

    Raises: Refusal 400 in GitLab's words, if the branch or one of the actions does not allow it;
    `stale` are other words for a file that has changed since.
    """
    server, project_id = here(), rights.project.id
    if not wanted.message.strip():
        raise bad_request("empty CommitMessage")
    if wanted.start_project is not None:
        bring_objects(server, wanted.start_project, project_id)
    for _ in range(_MOST_TRIES):
        repository = open_repository(server, project_id)
        try:
            with server.project_lock(project_id):
                old, new = _attempt(repository, wanted)
        except RefMoved:
            time.sleep(_PAUSE_SECONDS)  # a push holds the ref for moments only
            continue
        except FileStale as refused:
            raise bad_request(stale or str(refused)) from refused
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
    start = _start(repository, wanted)
    if tip is None or wanted.elsewhere:
        _check_branch(repository, wanted, tip)
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


def _start(repository: pygit2.Repository, wanted: CommitRequest) -> pygit2.Commit | None:
    """Return the commit to build on; None in an empty repository."""
    origin = repository
    if wanted.start_project is not None:
        origin = open_repository(here(), wanted.start_project)
    if wanted.start_sha is not None:
        if not _FULL_ID.fullmatch(wanted.start_sha):
            raise ActionRefused(f"Invalid start_sha '{wanted.start_sha}'")
        if (found := names.find_commit(origin, wanted.start_sha)) is None:
            raise ActionRefused(f"Cannot find start_sha '{wanted.start_sha}'")
        return names.find_commit(repository, str(found.id))
    start = names.find_branch(origin, wanted.start_branch or wanted.branch)
    if start is None and not names.is_empty(origin):
        raise ActionRefused(NO_BRANCH)
    return None if start is None else names.find_commit(repository, str(start.id))


def _check_branch(
    repository: pygit2.Repository, wanted: CommitRequest, tip: pygit2.Commit | None
) -> None:
    """Refuse a branch that exists already or cannot be called so."""
    name, empty = wanted.branch, names.is_empty(repository)
    if wanted.elsewhere and not empty and tip is not None and not wanted.force:
        text = f"A branch called '{name}' already exists. Switch to that branch in order to make changes"
        raise ActionRefused(text)
    if not names.valid_branch_name(name):
        text = (
            f"Something went wrong when we tried to create '{name}' for you: Branch name is invalid"
        )
        raise ActionRefused(text if wanted.elsewhere else "Branch name is invalid")
    if names.branch_poses_as_commit(name):
        raise ActionRefused(HEX_BRANCH)
    if tip is None and names.branch_collides(repository, name):
        raise ActionRefused(BESIDE.format(name))


def require_push(rights: ProjectRights) -> None:
    """403 for roles that never push; nobody is refused in the same way where everybody may read."""
    if not rights.can_push:
        raise forbidden()
