"""From what somebody typed to a commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pygit2

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIKE_AN_ID = re.compile(r"[0-9a-fA-F]{40}(-/|/|$)")
_BEGINS_WITH_ID = re.compile(r"[0-9a-fA-F]{40}")
_HEX = re.compile(r"[0-9a-f]{4,40}")
_ODD = re.compile(r"[\x00-\x20\x7f:?*\[\\]|\.\.|@\{|//|^-|^/|/$")
_FORBIDDEN_STARTS = ("-", "refs/heads/", "refs/remotes/", "refs/tags")
_SUFFIXED = re.compile(r"(?P<name>.+?)(?P<steps>(?:[~^]\d*)+)")


def valid_branch_name(name: str) -> bool:
    """Whether git and GitLab accept `name` for a branch or tag."""
    if not name or name.startswith(_FORBIDDEN_STARTS) or name == "HEAD":
        return False
    return pygit2.reference_is_valid_name(f"refs/heads/{name}")


def branch_poses_as_commit(name: str) -> bool:
    """Whether a branch may not be called so, because it could be taken for a commit id."""
    return _LIKE_AN_ID.match(name) is not None


def tag_poses_as_commit(name: str) -> bool:
    """Whether a tag may not be called so, because it begins with a commit id."""
    return _BEGINS_WITH_ID.match(name) is not None


def find_commit(repository: pygit2.Repository, name: str) -> pygit2.Commit | None:
    """Return the commit that a branch, tag, full or short id, HEAD or `name~2` means."""
    if not name or _ODD.search(name):
        return None
    suffixed = _SUFFIXED.fullmatch(name)
    start = _named_object(repository, suffixed["name"] if suffixed else name)
    commit = _peeled(start)
    if suffixed is None or commit is None:
        return commit
    try:
        stepped = repository.revparse_single(f"{commit.id}{suffixed['steps']}")
    except (KeyError, ValueError, pygit2.GitError):
        return None
    return _peeled(stepped)


def find_branch(repository: pygit2.Repository, name: str) -> pygit2.Commit | None:
    """Return the tip of the branch with exactly this name."""
    return _peeled(_reference_target(repository, f"refs/heads/{name}"))


def find_tag(repository: pygit2.Repository, name: str) -> pygit2.Object | None:
    """Return what the tag with exactly this name points to: a commit or a tag object."""
    return _reference_target(repository, f"refs/tags/{name}")


def commit_of(found: pygit2.Object | None) -> pygit2.Commit | None:
    """Return the commit behind a tag object or commit."""
    return _peeled(found)


def is_empty(repository: pygit2.Repository) -> bool:
    """Whether there is not one branch."""
    return next(branches(repository), None) is None


def branch_collides(repository: pygit2.Repository, name: str) -> bool:
    """Whether a branch above or below that name is in the way, as a file is in the way of a folder."""
    return any(
        other.startswith(f"{name}/") or name.startswith(f"{other}/")
        for other in branches(repository)
    )


def branches(repository: pygit2.Repository) -> Iterator[str]:
    """Return the names of all branches, sorted."""
    prefix = "refs/heads/"
    return (
        name[len(prefix) :] for name in sorted(repository.references) if name.startswith(prefix)
    )


def tags(repository: pygit2.Repository) -> Iterator[str]:
    """Return the names of all tags, sorted."""
    prefix = "refs/tags/"
    return (
        name[len(prefix) :] for name in sorted(repository.references) if name.startswith(prefix)
    )


def _named_object(repository: pygit2.Repository, name: str) -> pygit2.Object | None:
    if name == "@":
        name = "HEAD"
    for pattern in ("{}", "refs/tags/{}", "refs/heads/{}"):
        if pattern == "{}" and name != "HEAD" and not name.startswith("refs/"):
            continue
        found = _reference_target(repository, pattern.format(name))
        if found is not None:
            return found
    if not _HEX.fullmatch(name.lower()):
        return None
    try:
        return repository.get(name.lower())
    except ValueError:
        return None


def _reference_target(repository: pygit2.Repository, full_name: str) -> pygit2.Object | None:
    try:
        reference = repository.references.get(full_name)
        return None if reference is None else repository.get(reference.resolve().target)
    except (KeyError, ValueError, pygit2.GitError):
        return None


def _peeled(found: pygit2.Object | None) -> pygit2.Commit | None:
    if found is None:
        return None
    try:
        return found.peel(pygit2.Commit)
    except (pygit2.InvalidSpecError, pygit2.GitError, ValueError):
        return None
