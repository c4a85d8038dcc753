from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Unavailable
from core.model.access import AccessLevel, Visibility
from core.model.dataset import Kind
from gitlab_bridge.projects import (
    EPOCH,
    Project,
    changed_topics,
    level_of,
    new_topics,
    parse_namespace,
    parse_person,
    parse_project,
)

FULL: dict[str, Any] = {
    "id": 4473,
    "name": "VITVI data",
    "path_with_namespace": "lab/vitvi-data",
    "namespace": {"id": 7, "name": "Lab", "path": "lab", "kind": "group", "full_path": "lab"},
    "description": None,
    "visibility": "internal",
    "topics": ["Labset-Dataset", "labset-kind-table", "weld", "steel"],
    "default_branch": "trunk",
    "empty_repo": False,
    "archived": False,
    "web_url": "https://gitlab.example/lab/vitvi-data",
    "created_at": "2026-01-02T03:04:05.678Z",
    "last_activity_at": "2026-02-03T05:05:06.000+01:00",
    "permissions": {"project_access": {"access_level": 20}, "group_access": {"access_level": 30}},
}


def parsed(without: tuple[str, ...] = (), **changes: object) -> Project:
    payload = {key: value for key, value in (FULL | changes).items() if key not in without}
    project = parse_project(payload)
    assert project is not None
    return project


def test_a_full_project_is_read() -> None:
    dataset = parsed().dataset
    assert (dataset.id.number, dataset.name, dataset.description) == (4473, "VITVI data", "")
    assert dataset.namespace.full_path == "lab"
    assert (dataset.tags, dataset.kind, dataset.marked) == (("weld", "steel"), Kind.TABLE, True)
    assert dataset.visibility is Visibility.INTERNAL
    assert dataset.default_branch == "trunk"
    assert dataset.created_at == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert dataset.last_activity_at == datetime(2026, 2, 3, 4, 5, 6, 0, UTC)
    assert dataset.level is AccessLevel.DEVELOPER
    assert dataset.readable


def test_the_same_project_is_a_site() -> None:
    site = parsed().site_at(AccessLevel.OWNER)
    assert (site.id.number, site.name, site.level) == (4473, "VITVI data", AccessLevel.OWNER)


def test_a_guest_of_a_private_project_reads_no_files() -> None:
    dataset = parsed(without=("default_branch", "empty_repo"), visibility="private").dataset
    assert not dataset.readable
    assert dataset.default_branch == "main"


def test_an_empty_repository_begins_with_main() -> None:
    assert parsed(empty_repo=True, default_branch="master").dataset.default_branch == "main"
    assert parsed(default_branch=None).dataset.default_branch == "main"


@pytest.mark.parametrize(
    "permissions", (None, {}, {"project_access": None, "group_access": None}), ids=str
)
def test_an_outsider_has_no_role(permissions: object) -> None:
    assert parsed(permissions=permissions).level is AccessLevel.NONE


def test_basic_fields_are_enough_for_nobody() -> None:
    told = ("id", "name", "path_with_namespace", "default_branch", "topics")
    basic = {key: FULL[key] for key in told}
    project = parse_project(basic, anonymous=True)
    assert project is not None
    assert project.dataset.visibility is Visibility.PUBLIC
    assert project.dataset.namespace.full_path == "lab"
    assert project.dataset.created_at == EPOCH


def test_an_unknown_visibility_counts_as_private() -> None:
    assert parsed(visibility="galactic").dataset.visibility is Visibility.PRIVATE


@pytest.mark.parametrize("mark", ("marked_for_deletion_on", "marked_for_deletion_at"))
def test_a_project_that_is_marked_for_deletion_is_not_there(mark: str) -> None:
    assert parse_project(FULL | {mark: "2026-03-01"}) is None
    assert parse_project(FULL | {mark: None}) is not None


@pytest.mark.parametrize(
    "payload",
    ({}, FULL | {"id": "x"}, FULL | {"id": -1}, FULL | {"permissions": [1]}, {"id": 1}),
    ids=range(5),
)
def test_what_is_no_project_is_an_unavailable_gitlab(payload: dict[str, Any]) -> None:
    with pytest.raises(Unavailable):
        parse_project(payload)


@pytest.mark.parametrize(
    ("number", "level"),
    (
        (None, AccessLevel.NONE),
        (0, AccessLevel.NONE),
        (5, AccessLevel.NONE),
        (10, AccessLevel.GUEST),
        (25, AccessLevel.REPORTER),
        (45, AccessLevel.MAINTAINER),
        (50, AccessLevel.OWNER),
        (60, AccessLevel.OWNER),
        (-3, AccessLevel.NONE),
        ("40", AccessLevel.NONE),
    ),
)
def test_roles_between_ours_count_as_the_lower_one(number: object, level: AccessLevel) -> None:
    assert level_of(number) is level


def test_a_change_of_tags_keeps_our_marks_and_what_cannot_be_a_tag() -> None:
    topics = ["labset-dataset", "labset-kind-album", "labset-storage-site", "old", " odd "]
    assert changed_topics(topics, tags=("new",), kind=None) == [
        "labset-dataset",
        "labset-kind-album",
        "labset-storage-site",
        " odd ",
        "new",
    ]


def test_a_change_of_kind_keeps_the_tags() -> None:
    topics = ["labset-dataset", "labset-kind-album", "weld"]
    assert changed_topics(topics, tags=None, kind=Kind.TABLE) == [
        "labset-dataset",
        "weld",
        "labset-kind-table",
    ]


def test_new_projects_carry_our_marks_first() -> None:
    assert new_topics("labset-dataset", ("a", "a", "b"), Kind.MODEL) == [
        "labset-dataset",
        "labset-kind-model",
        "a",
        "b",
    ]


def test_a_person_commits_with_the_address_that_gitlab_uses() -> None:
    payload = {"id": 3, "username": "alice", "name": "Alice", "email": "a@example.com"}
    assert parse_person(payload).email == "a@example.com"
    assert parse_person(payload | {"commit_email": "n@example.com"}).email == "n@example.com"
    assert not parse_person(payload).is_admin
    assert parse_person(payload | {"is_admin": True}).is_admin


def test_something_else_is_no_person() -> None:
    with pytest.raises(Unavailable):
        parse_person({"message": "maintenance"})


def test_the_place_of_a_person_closes_nothing() -> None:
    own = parse_namespace({"id": 1, "path": "alice", "full_path": "alice", "kind": "user"})
    assert (own.kind, own.visibility) == ("user", Visibility.PUBLIC)


def test_a_group_says_its_visibility() -> None:
    group = parse_namespace(
        {"id": 2, "path": "lab", "full_path": "a/lab", "visibility": "internal"}
    )
    assert (group.kind, group.full_path) == ("group", "a/lab")
    assert group.visibility is Visibility.INTERNAL
