"""What hooks are told about a push: one message per branch or tag, none where it moved many at once."""

from __future__ import annotations

import itertools
import re
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pygit2

from devstack.gitlab.deliveries import deliver
from devstack.gitlab.entities.repository import moment
from devstack.gitlab.policy import VISIBILITY_LEVELS, matches
from devstack.gitlab.repository import names
from devstack.gitlab.repository.differences import changed_paths
from devstack.gitlab.repository.history import walk
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.hooks import Hook, hooks_of
from devstack.gitlab.store.namespaces import read_namespace
from devstack.gitlab.store.projects import Project, find_project
from devstack.gitlab.store.protection import protections
from devstack.gitlab.store.users import User

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_COMMIT = "0" * 40
MOST_REFS_TOLD = 3
_MOST_COMMITS = 20
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


@dataclass(frozen=True, slots=True)
class RefChange:
    """One ref that moved; 40 zeros stand for nothing."""

    old: str
    new: str
    name: str


def announce(project_id: int, user: User | None, changes: Sequence[RefChange]) -> None:
    """Tell the hooks of a project, and the system's, about moved refs; done in the background."""
    database = here().database
    system = hooks_of(database, None)
    hooks = [*hooks_of(database, project_id), *system]
    if not hooks:
        return
    whole = [hook for hook in system if hook.setting("repository_update_events")]
    if whole and changes:
        here().in_background(partial(_tell_whole, project_id, user, changes, whole))
    for prefix in (_HEADS, _TAGS):
        told = [change for change in changes if change.name.startswith(prefix)]
        if 0 < len(told) <= MOST_REFS_TOLD:
            for change in told:
                here().in_background(partial(_tell, project_id, user, change, hooks))


def _tell(project_id: int, user: User | None, change: RefChange, hooks: list[Hook]) -> None:
    project = find_project(here().database, project_id)
    if project is None:
        return
    payload, event_id = push_payload(project, user, change), str(uuid.uuid4())
    is_tag = change.name.startswith(_TAGS)
    for hook in hooks:
        if not hook.setting("tag_push_events" if is_tag else "push_events") or not _wants(
            hook, change
        ):
            continue
        event = (
            "System Hook" if hook.project_id is None else "Tag Push Hook" if is_tag else "Push Hook"
        )
        deliver(hook, event, payload, event_id)


def _tell_whole(
    project_id: int, user: User | None, changes: Sequence[RefChange], hooks: list[Hook]
) -> None:
    """Tell the system's hooks that a repository changed: once per push, however many refs it moved."""
    project = find_project(here().database, project_id)
    if project is None:
        return
    payload = {
        "event_name": "repository_update",
        **_pusher(user),
        "project_id": project.id,
        "project": project_for_hooks(project),
        "changes": [
            {"before": change.old, "after": change.new, "ref": change.name} for change in changes
        ],
        "refs": [change.name for change in changes],
    }
    for hook in hooks:
        deliver(hook, "System Hook", payload)


def _pusher(user: User | None) -> dict[str, Any]:
    return {
        "user_id": user.id if user else None,
        "user_name": user.name if user else "",
        "user_username": user.username if user else "",
        "user_email": "",
        "user_avatar": None,
    }


def _wants(hook: Hook, change: RefChange) -> bool:
    """Whether the branch filter of a hook lets a change through."""
    wanted = hook.settings.get("push_events_branch_filter")
    strategy = hook.settings.get("branch_filter_strategy") or "wildcard"
    if not wanted or strategy == "all_branches" or not change.name.startswith(_HEADS):
        return True
    branch = change.name[len(_HEADS) :]
    return bool(re.search(wanted, branch)) if strategy == "regex" else matches(wanted, branch)


def push_payload(project: Project, user: User | None, change: RefChange) -> dict[str, Any]:
    """Return GitLab's message about one moved ref."""
    repository = open_repository(here(), project.id)
    kind = "tag_push" if change.name.startswith(_TAGS) else "push"
    commits, total = _commits(repository, project, change)
    target = None if change.new == NO_COMMIT else repository.get(change.new)
    tip = names.commit_of(target)
    rules = protections(here().database, project.id, "tag" if kind == "tag_push" else "branch")
    short = change.name.removeprefix(_HEADS).removeprefix(_TAGS)
    return {
        "object_kind": kind,
        "event_name": kind,
        "before": change.old,
        "after": change.new,
        "ref": change.name,
        "ref_protected": any(matches(rule.name, short) for rule in rules),
        "checkout_sha": None if tip is None else str(tip.id),
        "message": target.message.rstrip("\n") if isinstance(target, pygit2.Tag) else None,
        **_pusher(user),
        "project_id": project.id,
        "project": project_for_hooks(project),
        "commits": commits,
        "total_commits_count": total,
        "push_options": {},
        "repository": _repository(project),
    }


def project_for_hooks(project: Project) -> dict[str, Any]:
    """Return a project in the shape that hooks have."""
    root = here().external_url
    web_url, host = f"{root}/{project.full_path}", root.split("//", 1)[-1].split(":", 1)[0]
    ssh = f"git@{host}:{project.full_path}.git"
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "web_url": web_url,
        "avatar_url": None,
        "git_ssh_url": ssh,
        "git_http_url": f"{web_url}.git",
        "namespace": read_namespace(here().database, project.namespace_id).name,
        "visibility_level": VISIBILITY_LEVELS[project.visibility],
        "path_with_namespace": project.full_path,
        "default_branch": project.default_branch or DEFAULT_BRANCH,
        "ci_config_path": None,
        "homepage": web_url,
        "url": ssh,
        "ssh_url": ssh,
        "http_url": f"{web_url}.git",
    }


def _repository(project: Project) -> dict[str, Any]:
    full = project_for_hooks(project)
    kept = (
        "name",
        "url",
        "description",
        "homepage",
        "git_http_url",
        "git_ssh_url",
        "visibility_level",
    )
    return {name: full[name] for name in kept}


def _commits(
    repository: pygit2.Repository, project: Project, change: RefChange
) -> tuple[list[dict[str, Any]], int]:
    """Return the newest commits that a push brought, oldest first, and how many it brought in all."""
    tip = names.commit_of(repository.get(change.new)) if change.new != NO_COMMIT else None
    if tip is None:
        return [], 0
    if change.name.startswith(_TAGS):
        return ([_commit(tip, project)], 1) if change.old == NO_COMMIT else ([], 0)
    known = repository.get(change.old) if change.old != NO_COMMIT else None
    base = names.commit_of(known) or _default_tip(repository, project, change)
    brought = walk(repository, [tip], hidden=[base] if base else [], topological=True)
    newest = list(itertools.islice(brought, _MOST_COMMITS))
    total = len(newest) + sum(1 for _ in brought)
    return [_commit(commit, project) for commit in reversed(newest)], total


def _default_tip(
    repository: pygit2.Repository, project: Project, change: RefChange
) -> pygit2.Commit | None:
    default = project.default_branch or DEFAULT_BRANCH
    return None if change.name == _HEADS + default else names.find_branch(repository, default)


def _commit(commit: pygit2.Commit, project: Project) -> dict[str, Any]:
    message = commit.message
    return {
        "id": str(commit.id),
        "message": message,
        "title": message.strip().split("\n", 1)[0],
        "timestamp": moment(commit.commit_time, commit.commit_time_offset).replace(".000", ""),
        "url": f"{here().external_url}/{project.full_path}/-/commit/{commit.id}",
        "author": {"name": commit.author.name, "email": commit.author.email},
        **changed_paths(commit),
    }
