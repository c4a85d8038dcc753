"""Differences between trees in GitLab's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygit2.enums import DeltaStatus, DiffFind, DiffOption

if TYPE_CHECKING:
    import pygit2

_LARGEST_PATCH_BYTES = 200 * 1024


def commit_diff(commit: pygit2.Commit) -> pygit2.Diff:
    """Return what a commit changed against its first parent, renames found."""
    if not commit.parents:
        difference = commit.tree.diff_to_tree(flags=DiffOption.NORMAL, swap=True)
    else:
        difference = commit.parents[0].tree.diff_to_tree(commit.tree)
    difference.find_similar(flags=DiffFind.FIND_RENAMES)
    return difference


def tree_diff(old: pygit2.Tree, new: pygit2.Tree) -> pygit2.Diff:
    """Return what differs between two trees, renames found."""
    difference = old.diff_to_tree(new)
    difference.find_similar(flags=DiffFind.FIND_RENAMES)
    return difference


def stats(commit: pygit2.Commit) -> dict[str, int]:
    """Return how many lines a commit added and removed."""
    numbers = commit_diff(commit).stats
    return {
        "additions": numbers.insertions,
        "deletions": numbers.deletions,
        "total": numbers.insertions + numbers.deletions,
    }


def diff_items(difference: pygit2.Diff, *, unidiff: bool = False) -> list[dict[str, Any]]:
    """Return one item per changed file; as a unified difference its text names the files as well."""
    return [_item(patch, unidiff=unidiff) for patch in difference if patch is not None]


def changed_paths(commit: pygit2.Commit) -> dict[str, list[str]]:
    """Return the paths that a commit added, modified and removed, as hooks tell them."""
    found: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
    difference = (
        commit.tree.diff_to_tree(swap=True)
        if not commit.parents
        else commit.parents[0].tree.diff_to_tree(commit.tree)
    )
    for delta in difference.deltas:
        if delta.status == DeltaStatus.ADDED:
            found["added"].append(delta.new_file.path)
        elif delta.status == DeltaStatus.DELETED:
            found["removed"].append(delta.old_file.path)
        else:
            found["modified"].append(delta.new_file.path)
    return found


def _item(patch: pygit2.Patch, *, unidiff: bool) -> dict[str, Any]:
    delta = patch.delta
    text = (patch.data or b"").decode("utf-8", "replace")
    too_large = len(text) > _LARGEST_PATCH_BYTES
    return {
        "diff": "" if too_large else _body(text, unidiff=unidiff),
        "collapsed": False,
        "too_large": too_large,
        "new_path": delta.new_file.path,
        "old_path": delta.old_file.path,
        "a_mode": f"{int(delta.old_file.mode):o}",
        "b_mode": f"{int(delta.new_file.mode):o}",
        "new_file": delta.status == DeltaStatus.ADDED,
        "renamed_file": delta.status == DeltaStatus.RENAMED,
        "deleted_file": delta.status == DeltaStatus.DELETED,
        "generated_file": False,
    }


def _body(text: str, *, unidiff: bool) -> str:
    """Return a patch without git's header: from the first hunk on, or the remark about binary files."""
    for start in ("--- " if unidiff else "@@ ", "Binary files "):
        if text.startswith(start):
            return text
        position = text.find("\n" + start)
        if position >= 0:
            return text[position + 1 :]
    return ""
