"""Commits made by the API: changes applied to a tip, and a ref moved only if nobody else moved it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode

from devstack.gitlab.repository.drafts import ActionRefused, Entry, FileStale, Folder, checked_path
from devstack.gitlab.repository.history import last_commit_id

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXECUTABLE = int(FileMode.BLOB_EXECUTABLE)
_PLAIN = int(FileMode.BLOB)


class RefMoved(Exception):
    """Somebody else moved the ref meanwhile: build again on what is there now."""


@dataclass(frozen=True, slots=True)
class Action:
    """One change of a commit; `content` None keeps (on a move) or empties (on a creation)."""

    action: str
    file_path: str
    previous_path: str | None = None
    content: str | None = None
    encoding: str = "text"
    execute_filemode: bool | None = None
    last_commit_id: str | None = None


def apply_actions(
    repository: pygit2.Repository, start: pygit2.Commit | None, actions: Sequence[Action]
) -> pygit2.Oid:
    """Return the tree that `actions` make of the tree of `start`; nothing but objects is written.

    Raises: ActionRefused in GitLab's words, if one of them cannot be done.
    """
    root = Folder(repository) if start is None else Folder.of_tree(repository, start.tree)
    for action in actions:
        _check_unchanged(repository, start, action)
        _STEPS[action.action](root, action)
    return root.write()


def _check_unchanged(
    repository: pygit2.Repository, start: pygit2.Commit | None, action: Action
) -> None:
    if (
        not action.last_commit_id
        or start is None
        or action.action not in ("update", "move", "delete")
    ):
        return
    path = checked_path(action.previous_path or action.file_path)
    if last_commit_id(repository, start, path) != action.last_commit_id:
        raise FileStale(f"The file has changed since you started editing it: {action.file_path}")


def _create(root: Folder, action: Action) -> None:
    root.create(checked_path(action.file_path), Entry(_blob(root, action), _mode(action, _PLAIN)))


def _update(root: Folder, action: Action) -> None:
    path = checked_path(action.file_path)
    old = root.file(path)
    root.replace(path, Entry(_blob(root, action), _mode(action, old.mode)))


def _move(root: Folder, action: Action) -> None:
    source, target = checked_path(action.previous_path or ""), checked_path(action.file_path)
    old = root.file(source)
    oid = old.oid if action.content is None else _blob(root, action)
    if source == target:
        root.replace(source, Entry(oid, _mode(action, old.mode)))
        return
    root.remove(source)
    root.create(target, Entry(oid, _mode(action, old.mode)))


def _delete(root: Folder, action: Action) -> None:
    root.remove(checked_path(action.file_path))


def _chmod(root: Folder, action: Action) -> None:
    path = checked_path(action.file_path)
    old = root.file(path)
    kept = _PLAIN if old.mode == _EXECUTABLE else old.mode
    root.replace(path, Entry(old.oid, _EXECUTABLE if action.execute_filemode else kept))


_STEPS = {"create": _create, "update": _update, "move": _move, "delete": _delete, "chmod": _chmod}


def _blob(root: Folder, action: Action) -> pygit2.Oid:
    content = action.content or ""
    if action.encoding != "base64":
        return root.repository.create_blob(content.encode("utf-8", "surrogatepass"))
    try:
        return root.repository.create_blob(base64.b64decode(content))
    except binascii.Error as error:
        raise ActionRefused("content is not valid base64") from error


def _mode(action: Action, kept: int) -> int:
    if action.execute_filemode is None:
        return kept
    return _EXECUTABLE if action.execute_filemode else _PLAIN


def move_ref(
    repository: pygit2.Repository, name: str, old: pygit2.Oid | None, new: pygit2.Oid
) -> None:
    """Point a ref to `new`, if it still points to `old` (None: if it is not there).

    Raises: RefMoved, if it does not, or if somebody holds its lock.
    """
    try:
        if old is None:
            repository.references.create(name, new, force=False)
            return
        reference = repository.references.get(name)
        if reference is None or reference.target != old:
            raise RefMoved(name)
        reference.set_target(new)
    except (pygit2.AlreadyExistsError, pygit2.GitError, ValueError, KeyError, OSError) as error:
        raise RefMoved(name) from error


def delete_ref(repository: pygit2.Repository, name: str) -> None:
    """Take a ref away; one that is gone already is no error."""
    if repository.references.get(name) is not None:
        repository.references.delete(name)
