"""Which commits have public names, found in an open repository."""

from __future__ import annotations

from collections.abc import Iterable

import pygit2

from core.errors import Invalid

SHORTEST = 7


def all_refs(repository: pygit2.Repository) -> dict[str, str]:
    """Return every ref of the repository with the object (40 hex) that it names."""
    return {
        reference.name: str(reference.target)
        for reference in repository.references.iterator()
        if isinstance(reference.target, pygit2.Oid)
    }


def commit_of(repository: pygit2.Repository, oid: str) -> str | None:
    """Return the commit that an object is or tags; None for anything else, or if it is not here."""
    try:
        return str(repository[oid].peel(pygit2.Commit).id)
    except (KeyError, pygit2.InvalidSpecError, pygit2.GitError, ValueError):
        return None


def public_tips(repository: pygit2.Repository) -> set[str]:
    """Return the commits at the tips of branches, tags, and of what was kept."""
    tips = (commit_of(repository, oid) for oid in set(all_refs(repository).values()))
    return {tip for tip in tips if tip is not None}


def is_public(repository: pygit2.Repository, sha: str) -> bool:
    """Whether a branch, a tag or a kept tip reaches the commit: no other id has a meaning."""
    if commit_of(repository, sha) != sha:
        return False
    tips = public_tips(repository)
    return sha in tips or any(str(commit.id) == sha for commit in _reached(repository, tips))


def find_shortened(repository: pygit2.Repository, prefix: str) -> str | None:
    """Return the one public commit whose id begins with `prefix` (lower-case hex, ≥ 7 digits).

    Raises:  Invalid, with code `ref_ambiguous`, if there are several.
    """
    try:
        repository.expand_id(prefix)
    except KeyError:
        return None
    except ValueError:
        pass  # several objects: perhaps only one of them is a public commit
    tips = public_tips(repository)
    found = {str(commit.id) for commit in _reached(repository, tips)}
    matching = [sha for sha in found if sha.startswith(prefix)]
    if len(matching) > 1:
        raise Invalid(
            f"{prefix} begins the ids of {len(matching)} commits: give more digits.",
            code="ref_ambiguous",
            details={"ref": prefix},
        )
    return matching[0] if matching else None


def _reached(repository: pygit2.Repository, tips: Iterable[str]) -> Iterable[pygit2.Commit]:
    walker = repository.walk(None)
    for tip in tips:
        walker.push(tip)
    return walker
