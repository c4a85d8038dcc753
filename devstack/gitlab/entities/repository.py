"""Commits, branches, tags and trees as JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pygit2
from pygit2.enums import FileMode

from devstack.gitlab.policy import DEVELOPER, ProjectRights, matches, may_push_to
from devstack.gitlab.repository.differences import stats
from devstack.gitlab.repository.names import commit_of, find_branch
from devstack.gitlab.repository.opening import DEFAULT_BRANCH
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from devstack.gitlab.store.projects import Project
    from devstack.gitlab.store.protection import Protection

SHORT_ID = 8
_TRAILER = re.compile(r"([A-Za-z0-9-]+): *(.*)")


def moment(seconds: int, offset_minutes: int = 0) -> str:
    """Return a commit's time with the offset that its author had."""
    zone = timezone(timedelta(minutes=offset_minutes)) if offset_minutes else UTC
    try:
        moment = datetime.fromtimestamp(seconds, zone)
    except (OverflowError, ValueError, OSError):  # git keeps years that no calendar has
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds")


def trailers(message: str) -> list[tuple[str, str]]:
    """Return the `Name: value` lines that a message ends with, if its last paragraph has no others."""
    _, _, last = message.strip().rpartition("\n\n")
    lines = re.sub(r"\n[ \t]+", " ", last).splitlines()
    if not lines or last == message.strip():
        return []
    found = [_TRAILER.fullmatch(line) for line in lines]
    return [(one[1], one[2]) for one in found if one] if all(found) else []


def commit_body(
    commit: pygit2.Commit, project: Project, *, with_trailers: bool = False
) -> dict[str, Any]:
    """Return a commit; its trailers are told where they were asked for."""
    sha, message = str(commit.id), _text(commit)
    found = trailers(message) if with_trailers else []
    extended: dict[str, list[str]] = {}
    for name, value in found:
        extended.setdefault(name, []).append(value)
    author, committer = commit.author, commit.committer
    committed = moment(committer.time, committer.offset)
    return {
        "id": sha,
        "short_id": sha[:SHORT_ID],
        "created_at": committed,
        "parent_ids": [str(parent) for parent in commit.parent_ids],
        "title": message.strip().split("\n", 1)[0].strip(),
        "message": message,
        "author_name": author.name,
        "author_email": author.email,
        "authored_date": moment(author.time, author.offset),
        "committer_name": committer.name,
        "committer_email": committer.email,
        "committed_date": committed,
        "trailers": dict(found),
        "extended_trailers": extended,
        "web_url": f"{here().external_url}/{project.full_path}/-/commit/{sha}",
    }


def commit_detail(
    commit: pygit2.Commit, project: Project, *, with_stats: bool = True
) -> dict[str, Any]:
    """Return a commit with its numbers."""
    body = commit_body(commit, project, with_trailers=True)
    if with_stats:
        body["stats"] = stats(commit)
    return {**body, "status": None, "project_id": project.id, "last_pipeline": None}


def _text(commit: pygit2.Commit) -> str:
    return commit.raw_message.decode("utf-8", "replace")


def branch_body(
    repository: pygit2.Repository, rights: ProjectRights, rules: list[Protection], name: str
) -> dict[str, Any] | None:
    """Return a branch as the caller may use it; None without such a branch."""
    tip = find_branch(repository, name)
    if tip is None:
        return None
    project = rights.project
    default = project.default_branch or DEFAULT_BRANCH
    about = [rule for rule in rules if matches(rule.name, name)]
    return {
        "name": name,
        "commit": commit_body(tip, project),
        "merged": name != default and _merged(repository, tip, default),
        "protected": bool(about),
        "developers_can_push": any(0 < rule.push_level <= DEVELOPER for rule in about),
        "developers_can_merge": any(0 < rule.merge_level <= DEVELOPER for rule in about),
        "can_push": may_push_to(rights, rules, name),
        "default": name == default,
        "web_url": f"{here().external_url}/{project.full_path}/-/tree/{name}",
    }


def _merged(repository: pygit2.Repository, tip: pygit2.Commit, default: str) -> bool:
    root = find_branch(repository, default)
    return root is not None and (root.id == tip.id or repository.descendant_of(root.id, tip.id))


def tag_body(
    name: str,
    target: pygit2.Object,
    project: Project,
    rules: list[Protection],
    release: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return a tag: annotated where it has an object of its own."""
    commit = commit_of(target)
    tagger = target.tagger if isinstance(target, pygit2.Tag) else None
    return {
        "name": name,
        "message": target.message.rstrip("\n") if isinstance(target, pygit2.Tag) else "",
        "target": str(target.id),
        "commit": None if commit is None else commit_body(commit, project),
        "release": release,
        "protected": any(matches(rule.name, name) for rule in rules),
        "created_at": None if tagger is None else moment(tagger.time, tagger.offset),
    }


def tree_entry(item: pygit2.Object, path: str) -> dict[str, Any]:
    """Return one line of a tree; `path` counts from the root."""
    mode = int(item.filemode or 0)
    kind = {FileMode.TREE: "tree", FileMode.COMMIT: "commit"}.get(FileMode(mode), "blob")
    return {
        "id": str(item.id),
        "name": item.name,
        "type": kind,
        "path": path,
        "mode": f"{mode:06o}",
    }
