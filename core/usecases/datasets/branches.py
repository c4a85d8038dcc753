"""Where a change of a branch begins, and what a new branch or release may be called.

A name that meant something already goes on meaning it: no new branch hides a release or a commit.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import Conflict, Invalid, NotFound
from core.model.access import Actor
from core.model.dataset import Dataset
from core.model.history import Refs
from core.model.names import DatasetId, Ref, Revision
from core.ports import Platform

_GITS_OWN = frozenset({"HEAD", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD"})


def find_base(platform: Platform, actor: Actor, dataset: Dataset, branch: Ref) -> Revision | None:
    """Return the tip that a change of `branch` starts from, asked now.

    A branch that does not exist starts from the default branch; None in an empty repository.
    Raises:  Invalid, Conflict (`name_taken`), for what no new branch may be called.
    """
    default = Ref(dataset.default_branch)
    tip = _find_revision(platform, actor, dataset.id, default, fresh=True)
    if branch == default:
        return tip
    refs = platform.history.list_refs(actor, dataset.id)
    known = next((one for one in refs.branches if one.name == branch.name), None)
    if known is not None:
        return known.revision
    check_new_branch(branch, refs)
    _check_no_commit(platform, actor, dataset.id, branch)
    return tip


def check_new_branch(name: Ref, refs: Refs) -> None:
    """Refuse a branch that git cannot hold beside the others, or that would hide a release."""
    _check_plain(name, "branch")
    if any(tag.name == name.name for tag in refs.tags):
        raise _taken(name, f"{name} is a release already")
    _check_nesting(name, (branch.name for branch in refs.branches))


def check_new_tag(platform: Platform, actor: Actor, dataset_id: DatasetId, name: Ref) -> None:
    """Refuse a release that a branch or a commit would hide, or that git cannot hold."""
    _check_plain(name, "release")
    refs = platform.history.list_refs(actor, dataset_id)
    if any(tag.name == name.name for tag in refs.tags):
        return  # GitLab says that it exists
    if any(branch.name == name.name for branch in refs.branches):
        raise _taken(name, f"{name} is a branch already")
    _check_nesting(name, (tag.name for tag in refs.tags))
    _check_no_commit(platform, actor, dataset_id, name)


def _check_plain(name: Ref, what: str) -> None:
    if name.revision is not None:
        raise Invalid(f"{name} reads like a commit id: give the {what} another name.")
    if name.name.startswith("refs/") or name.name in _GITS_OWN:
        raise Invalid(f"{name} is a name of git's own: give the {what} a plain name.")


def _check_nesting(name: Ref, others: Iterable[str]) -> None:
    """Refuse `a/b` beside `a`: to git one is the folder of the other."""
    for other in others:
        if other.startswith(f"{name}/") or name.name.startswith(f"{other}/"):
            raise _taken(name, f"git cannot hold {name} beside {other}")


def _check_no_commit(platform: Platform, actor: Actor, dataset_id: DatasetId, name: Ref) -> None:
    if _find_revision(platform, actor, dataset_id, name, fresh=False) is not None:
        raise _taken(name, f"{name} is the short id of a commit")


def _find_revision(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref, *, fresh: bool
) -> Revision | None:
    try:
        return platform.history.resolve(actor, dataset_id, ref, fresh=fresh)
    except NotFound:
        return None


def _taken(name: Ref, why: str) -> Conflict:
    return Conflict(
        f"{why}: choose another name.",
        code="name_taken",
        details={"field": "name", "name": str(name)},
    )
