"""A commit as it will be: decided against one tip, in memory, before anything is pushed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pygit2

from core.errors import Conflict, Invalid, NotFound
from core.model.history import CommitOrder, Committed
from core.model.names import Revision
from gitlab_bridge.commitlog import KEY_TRAILER, changes_path, find_order, walk_commits
from gitlab_bridge.edits import Clash, TreeEdit
from gitlab_bridge.packs import NewObjects
from gitlab_bridge.revisions import is_public
from gitlab_bridge.trees import item_ids

_TRAILER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_CRUD = re.compile(r"[\x00-\x1f<>]")
_EDGES = " .,:;\"'\\"


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit that is in memory only; with `objects` None nothing changes and `sha` is the tip."""

    sha: str
    replaced: frozenset[str]
    objects: NewObjects | None


def find_done(
    repository: pygit2.Repository, order: CommitOrder, tip: str | None
) -> Committed | None:
    """Return what an earlier try of the order made on the branch, if it did.

    A binding that is carried on after a crash no longer knows the tip that it began from, and its own
    commit may be the tip by now: it is looked for in the whole history.
    """
    base = order.base.sha if order.base and not _is_binding(order) else None
    if tip is None or (base is not None and base not in repository):
        return None
    commit = find_order(repository, tip, base, order.key)
    if commit is None:
        return None
    before = commit.parents[0].tree if commit.parents else None
    return Committed(Revision(str(commit.id)), _standing(before, order))


def make_draft(
    repository: pygit2.Repository, order: CommitOrder, tip: str | None, moment: datetime
) -> Draft:
    """Decide what the order means on `tip` (None: the branch does not exist).

    Raises:  Conflict with details path and commit; NotFound; Invalid.
    """
    parent = tip or _start(repository, order)
    if tip is not None:
        _check_unmoved(repository, order, tip)
    root = str(repository[parent].peel(pygit2.Tree).id) if parent else None
    edit = TreeEdit(root, lambda oid: repository.odb.read(oid)[1])
    try:
        tree = edit.apply(order.changes)
    except Clash as clash:
        raise _conflict(repository, parent, clash.path, clash.other, clash.sentence) from clash
    replaced = frozenset(edit.replaced)
    if tip is not None and tree == root and not _is_binding(order):
        return Draft(tip, replaced, None)
    return Draft(edit.new.add("commit", _text(order, tree, parent, moment)), replaced, edit.new)


def _is_binding(order: CommitOrder) -> bool:
    return any(isinstance(change.path, str) for change in order.changes)


def message_of(order: CommitOrder) -> str:
    """Return the message with its trailers.

    Raises:  Invalid, for a trailer that is none.
    """
    trailers: Mapping[str, str] = {KEY_TRAILER: order.key, **order.trailers}
    for name, value in trailers.items():
        if not _TRAILER_NAME.fullmatch(name) or not value.isprintable():
            raise Invalid(f"{name!r} cannot be noted in a commit.", details={"trailer": name})
    lines = [f"{name}: {value}" for name, value in trailers.items()]
    text = order.message.replace("\r\n", "\n").strip()
    return f"{text}\n\n" + "\n".join(lines) + "\n"


def _start(repository: pygit2.Repository, order: CommitOrder) -> str | None:
    """Return where a branch that does not exist begins."""
    if order.base is not None:
        if is_public(repository, order.base.sha):
            return order.base.sha
        raise NotFound(
            f"There is no commit {order.base} to begin {order.branch} from.", code="ref_not_found"
        )
    if any(name.startswith("refs/heads/") for name in repository.references):
        raise Conflict(
            f"There is no branch {order.branch}, and the dataset is no longer empty: "
            "look at it again, then say from which revision to go on.",
            details={"path": "", "commit": None},
        )
    return None


def _check_unmoved(repository: pygit2.Repository, order: CommitOrder, tip: str) -> None:
    """Refuse the order if one of its paths is not as the author saw it."""
    base = order.base.sha if order.base else None
    if base == tip:
        return
    if base is not None and base not in repository:
        raise NotFound(f"There is no commit {base} in this dataset.", code="ref_not_found")
    seen = repository[base].peel(pygit2.Tree) if base else None
    now = repository[tip].peel(pygit2.Tree)
    for change in order.changes:
        path = str(change.path)
        before = item_ids(seen, path) if seen is not None else (None, None)
        if before != item_ids(now, path):
            raise _conflict(
                repository, tip, path, path, f"{path} was changed by somebody else meanwhile"
            )


def _conflict(
    repository: pygit2.Repository, tip: str | None, path: str, other: str, sentence: str
) -> Conflict:
    """Name the newest commit that changed what is in the way."""
    commits = walk_commits(repository, tip) if tip else iter(())
    winner = next((str(commit.id) for commit in commits if changes_path(commit, other)), None)
    by = f" (commit {winner[:8]})" if winner else ""
    return Conflict(
        f"{sentence}{by}: look at it, then try again.", details={"path": path, "commit": winner}
    )


def _standing(tree: pygit2.Tree | None, order: CommitOrder) -> frozenset[str]:
    if tree is None:
        return frozenset()
    paths = (str(change.path) for change in order.changes)
    return frozenset(path for path in paths if item_ids(tree, path) != (None, None))


def _text(order: CommitOrder, tree: str, parent: str | None, moment: datetime) -> bytes:
    """Return git's commit object; author and committer are the person (GitLab's push rules)."""
    name = _CRUD.sub("", order.author_name).strip(_EDGES) or "unknown"
    email = _CRUD.sub("", order.author_email).strip(_EDGES)
    who = f"{name} <{email}> {int(moment.timestamp())} +0000"
    parents = f"parent {parent}\n" if parent else ""
    head = f"tree {tree}\n{parents}author {who}\ncommitter {who}\n\n"
    return (head + message_of(order)).encode("utf-8", "replace")
