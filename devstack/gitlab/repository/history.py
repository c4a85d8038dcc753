"""Walking history: lists of commits, also of one path, and the last commit that changed a path."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import SortMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_REMEMBERED = 20_000
_last: OrderedDict[tuple[str, str, str], str] = OrderedDict()
_last_guard = Lock()


def entry_at(commit: pygit2.Commit, path: str) -> pygit2.Object | None:
    """Return the blob or tree at `path`; the root tree for an empty path."""
    if not path:
        return commit.tree
    try:
        return commit.tree[path]
    except KeyError:
        return None


def walk(
    repository: pygit2.Repository,
    starts: Sequence[pygit2.Commit],
    *,
    hidden: Sequence[pygit2.Commit] = (),
    topological: bool = False,
) -> Iterator[pygit2.Commit]:
    """Return the commits reachable from `starts` and not from `hidden`, newest first, no parent before its child."""
    if not hidden and not topological:
        return _by_date(starts, lambda commit: commit.parents)
    walker = repository.walk(None, SortMode.TOPOLOGICAL | SortMode.TIME)
    for commit in starts:
        walker.push(commit.id)
    for commit in hidden:
        walker.hide(commit.id)
    return iter(walker)


def _by_date(
    starts: Sequence[pygit2.Commit], following: Callable[[pygit2.Commit], Sequence[pygit2.Commit]]
) -> Iterator[pygit2.Commit]:
    """Visit commits newest first; of equally old ones the first that was met."""
    order = count()
    queue = [(-commit.commit_time, next(order), commit) for commit in starts]
    heapq.heapify(queue)
    seen = {commit.id for commit in starts}
    while queue:
        _, _, commit = heapq.heappop(queue)
        yield commit
        for parent in following(commit):
            if parent.id not in seen:
                seen.add(parent.id)
                heapq.heappush(queue, (-parent.commit_time, next(order), parent))


def walk_path(starts: Sequence[pygit2.Commit], path: str) -> Iterator[pygit2.Commit]:
    """Return the commits that changed `path`, newest first, without side lines that added nothing to it."""

    def following(commit: pygit2.Commit) -> Sequence[pygit2.Commit]:
        same = _parent_with_same(commit, path)
        return commit.parents if same is None else [same]

    for commit in _by_date(starts, following):
        if _parent_with_same(commit, path) is None and (
            commit.parents or entry_at(commit, path) is not None
        ):
            yield commit


def _identity(commit: pygit2.Commit, path: str) -> tuple[pygit2.Oid, int] | None:
    found = entry_at(commit, path)
    return None if found is None else (found.id, int(found.filemode or 0))


def _parent_with_same(commit: pygit2.Commit, path: str) -> pygit2.Commit | None:
    mine = _identity(commit, path)
    return next((parent for parent in commit.parents if _identity(parent, path) == mine), None)


def last_commit_id(repository: pygit2.Repository, commit: pygit2.Commit, path: str) -> str:
    """Return the id of the last commit up to `commit` that changed `path`; remembered, for it never changes."""
    key = (repository.path, str(commit.id), path)
    with _last_guard:
        if key in _last:
            _last.move_to_end(key)
            return _last[key]
    found = str(next(walk_path([commit], path), commit).id)
    with _last_guard:
        _last[key] = found
        while len(_last) > _REMEMBERED:
            _last.popitem(last=False)
    return found
