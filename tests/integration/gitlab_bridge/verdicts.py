"""Whether what the bridge made of a mutilated answer is right: nothing false, and no right too many."""

from __future__ import annotations

from collections.abc import Sequence

from core.model.access import Person
from core.model.dataset import DEFAULT_BRANCH, Dataset, Kind, Namespace, Page
from core.model.history import Refs
from core.model.storage import SiteProject
from gitlab_bridge.projects import EPOCH


def check_no_better(true: object, told: object) -> None:
    """Fail unless `told` is `true` or says less of it."""
    if told == true or told is None:
        return
    if isinstance(told, Dataset):
        assert isinstance(true, Dataset)
        _check_dataset(true, told)
    elif isinstance(told, SiteProject):
        assert isinstance(true, SiteProject)
        _check_project(true, told)
    elif isinstance(told, Namespace):
        assert isinstance(true, Namespace)
        _check_namespace(true, told)
    elif isinstance(told, Person):
        assert isinstance(true, Person)
        _check_person(true, told)
    elif isinstance(told, Page):
        assert isinstance(true, Page)
        assert (told.total, told.has_next) == (true.total, true.has_next)
        _check_items(true.items, told.items)
    elif isinstance(told, Refs):
        assert isinstance(true, Refs)
        _check_refs(true, told)
    elif isinstance(told, frozenset):
        assert isinstance(true, frozenset)
        assert told >= true  # branches that are protected
    else:
        assert isinstance(told, (list, tuple)), told
        assert isinstance(true, (list, tuple))
        _check_items(true, told)


def _check_items(true: Sequence[object], told: Sequence[object]) -> None:
    known = {_name(item): item for item in true}
    assert len({_name(item) for item in told}) == len(told)
    for item in told:
        assert _name(item) in known, f"{item} out of nowhere"
        check_no_better(known[_name(item)], item)


def _name(item: object) -> object:
    return getattr(item, "id", item)


def _check_dataset(true: Dataset, told: Dataset) -> None:
    _check_project(true, told)
    assert told.kind in {true.kind, Kind.BINARY}
    assert told.default_branch in {true.default_branch, DEFAULT_BRANCH}
    assert told.created_at in {true.created_at, EPOCH}
    assert told.last_activity_at in {true.last_activity_at, true.created_at, EPOCH}
    assert told.readable <= true.readable
    assert told.marked <= true.marked
    assert told.archived >= true.archived


def _check_project(true: Dataset | SiteProject, told: Dataset | SiteProject) -> None:
    assert (told.id, told.name) == (true.id, true.name)
    assert told.path_with_namespace == true.path_with_namespace
    assert told.description in {true.description, ""}
    assert told.gitlab_url in {true.gitlab_url, ""}
    assert told.visibility.rank <= true.visibility.rank
    assert set(told.tags) <= set(true.tags)
    assert told.level <= true.level
    assert told.namespace.full_path == true.namespace.full_path
    assert told.namespace.id in {true.namespace.id, 0}


def _check_namespace(true: Namespace, told: Namespace) -> None:
    assert (told.id, told.full_path, told.kind) == (true.id, true.full_path, true.kind)
    assert told.name in {true.name, true.full_path}
    assert told.visibility.rank <= true.visibility.rank


def _check_person(true: Person, told: Person) -> None:
    assert (told.id, told.username) == (true.id, true.username)
    assert told.name in {true.name, true.username}
    assert told.email in {true.email, ""}
    assert told.avatar_url in {true.avatar_url, None}
    assert told.is_admin <= true.is_admin


def _check_refs(true: Refs, told: Refs) -> None:
    assert told.tags == true.tags
    assert [(one.name, one.revision) for one in told.branches] == [
        (one.name, one.revision) for one in true.branches
    ]
    assert all(
        said.protected >= one.protected
        for said, one in zip(told.branches, true.branches, strict=True)
    )
