"""The history of a dataset and of its paths, read from commits."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pygit2
from pygit2.enums import SortMode

from core.model.history import Commit
from core.model.names import FilePath, Revision
from gitlab_bridge.trees import item_ids

KEY_TRAILER = "Upload-Session"
MAX_LOOKED_BACK = 500
MAX_TOLD_MESSAGE_BYTES = 40_000  # what Labset itself takes: 10,000 characters
MAX_TOLD_NAME_BYTES = 1_000
MAX_LOOKING_SECONDS = 0.2


def as_commit(commit: pygit2.Commit) -> Commit:
    """Return a commit as people read it."""
    message = told(commit.raw_message, MAX_TOLD_MESSAGE_BYTES)
    author = commit.author
    return Commit(
        revision=Revision(str(commit.id)),
        parents=tuple(Revision(str(oid)) for oid in commit.parent_ids),
        title=message.strip().partition("\n")[0][:MAX_TOLD_NAME_BYTES],
        message=message,
        author_name=told(author.raw_name, MAX_TOLD_NAME_BYTES),
        author_email=told(author.raw_email, MAX_TOLD_NAME_BYTES),
        authored_at=moment(author.time),
    )


def told(raw: bytes, limit_bytes: int) -> str:
    """Return the beginning of what a commit or tag says: git itself takes texts of any size."""
    return raw[:limit_bytes].decode("utf-8", "replace")


def walk_commits(
    repository: pygit2.Repository, tip: str, *, hide: str | None = None
) -> Iterator[pygit2.Commit]:
    """Yield commits from `tip` backwards, newest first, without those that `hide` reaches."""
    walker = repository.walk(tip, SortMode.TOPOLOGICAL | SortMode.TIME)
    if hide is not None:
        walker.hide(hide)
    yield from walker


def commits_of_path(repository: pygit2.Repository, tip: str, path: FilePath | None) -> list[str]:
    """Return ids of the commits that changed `path` (any, without one), newest first."""
    return [
        str(commit.id)
        for commit in walk_commits(repository, tip)
        if path is None or changes_path(commit, path.text)
    ]


def changes_path(commit: pygit2.Commit, path: str) -> bool:
    """Whether the commit left `path` in a state that none of its parents had."""
    state = item_ids(commit.tree, path)
    parents = [item_ids(parent.tree, path) for parent in commit.parents]
    return state not in parents if parents else state != (None, None)


def last_changes(
    repository: pygit2.Repository, tip: str, paths: Sequence[FilePath]
) -> Mapping[FilePath, Commit]:
    """Return the newest commit that changed each path, as far as a short look back finds it."""
    wanted: dict[str, set[FilePath]] = defaultdict(set)
    for path in paths:
        wanted[path.text.rpartition("/")[0]].add(path)
    found: dict[FilePath, Commit] = {}
    deadline = time.monotonic() + MAX_LOOKING_SECONDS
    for count, commit in enumerate(walk_commits(repository, tip)):
        if not wanted or count >= MAX_LOOKED_BACK or time.monotonic() > deadline:
            break
        for folder in list(wanted):
            changed = _changed_in(commit, folder, wanted[folder], deadline)
            found |= dict.fromkeys(changed, as_commit(commit)) if changed else {}
            wanted[folder] -= changed
            if not wanted[folder]:
                del wanted[folder]
    return found


def find_order(
    repository: pygit2.Repository, tip: str, base: str | None, key: str
) -> pygit2.Commit | None:
    """Return the commit of an order between `base` and `tip`, known by its trailer."""
    line = f"{KEY_TRAILER}: {key}".encode()
    for commit in walk_commits(repository, tip, hide=base):
        trailers = commit.raw_message.rstrip().rpartition(b"\n\n")[2]
        if line in trailers.splitlines():
            return commit
    return None


def _changed_in(
    commit: pygit2.Commit, folder: str, paths: set[FilePath], deadline: float
) -> set[FilePath]:
    parents = commit.parents
    if folder and parents and not changes_path(commit, folder):
        return set()
    changed: set[FilePath] = set()
    for path in paths:
        if time.monotonic() > deadline:
            break
        if changes_path(commit, path.text):
            changed.add(path)
    return changed


def moment(seconds: int) -> datetime:
    """Return the time; a nonsense one of a hostile commit is the epoch."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
