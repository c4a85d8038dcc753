from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import LabsetError, NotFound, Unavailable
from core.model.access import AccessLevel, Person, Visibility
from gitlab_bridge.creation import ProjectPlan, create_project
from gitlab_bridge.fields import (
    Payload,
    find_number,
    find_object,
    find_text,
    number_in,
    text_in,
    texts_in,
)
from gitlab_bridge.members import read_full_level
from gitlab_bridge.namespaces import list_namespaces
from gitlab_bridge.projects import is_leaving, parse_namespace
from tests.unit.gitlab_bridge.canned import Canned

STRANGE: tuple[object, ...] = (None, True, 0, -1, 1.5, "", [], {}, [None], {"id": 1})
ALICE = Person(3, "alice", "Alice", "alice@example.com")
ROOT = Person(1, "root", "Root", "root@example.com", is_admin=True)


@pytest.mark.parametrize("payload", ({}, *({"x": value} for value in STRANGE)), ids=repr)
@pytest.mark.parametrize("read", (number_in, text_in, texts_in))
def test_what_is_needed_and_strange_is_an_unavailable_gitlab(
    read: Callable[[Payload, str], object], payload: Payload
) -> None:
    if read is texts_in and payload.get("x") == []:
        assert texts_in(payload, "x") == ()
        return
    with pytest.raises(Unavailable):
        read(payload, "x")


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_what_is_not_needed_is_absent_when_strange(value: object) -> None:
    assert find_number({"x": value}, "x") is None
    assert find_text({"x": value}, "x") == ""


def test_an_object_may_be_absent_but_nothing_else() -> None:
    assert find_object({}, "x") == find_object({"x": None}, "x") == {}
    assert find_object({"x": {"y": 1}}, "x") == {"y": 1}
    with pytest.raises(Unavailable):
        find_object({"x": "y"}, "x")


@pytest.mark.parametrize(
    ("member", "level"),
    (
        ({"access_level": 40, "state": "active"}, AccessLevel.MAINTAINER),
        ({"access_level": 40, "state": "active", "membership_state": "active"}, 40),
        ({"access_level": 40, "state": "active", "membership_state": "awaiting"}, 0),
        ({"access_level": 40, "state": "active", "membership_state": None}, 0),
        ({"access_level": 40, "state": "blocked"}, 0),
        ({"access_level": 40}, 0),
        ({"access_level": None, "state": "active"}, 0),
        ({"state": "active"}, 0),
        ({"access_level": "40", "state": "active"}, 0),
        ({}, 0),
    ),
    ids=repr,
)
def test_a_role_counts_only_where_the_membership_is_known_to_be_active(
    member: Payload, level: int
) -> None:
    assert read_full_level(Canned(member).client(), 7, ALICE) == level
    assert read_full_level(Canned(member).client(), 7, ROOT) is AccessLevel.OWNER


@pytest.mark.parametrize("payload", ([], None, "x", 7, [{}]), ids=repr)
def test_an_answer_of_another_shape_is_no_role(payload: object) -> None:
    with pytest.raises(Unavailable):
        read_full_level(Canned(payload).client(), 7, ALICE)


@pytest.mark.parametrize("payload", ({}, {"id": None}, {"id": "7"}, {"id": True}), ids=repr)
def test_a_new_project_without_a_number_may_have_been_made(payload: Payload) -> None:
    home = parse_namespace({"id": 1, "full_path": "alice", "kind": "user"})
    plan = ProjectPlan("data", home, "", Visibility.PRIVATE, ())
    with pytest.raises(Unavailable, match="look before you try again"):
        create_project(Canned(payload).client(), plan)


def test_something_else_than_a_list_of_groups_is_an_unavailable_gitlab() -> None:
    with pytest.raises(LabsetError) as caught:
        list_namespaces(Canned({"id": 3, "username": "alice"}).client())
    assert not isinstance(caught.value, NotFound)


@pytest.mark.parametrize(
    ("path", "leaving"),
    (
        ("lab/data-deletion_scheduled-42", True),
        ("lab-deletion_scheduled-9/data", True),
        ("lab/data-deletion_scheduled", False),
        ("lab/deletion_scheduled-how-to", False),
        ("lab/data-deletion_scheduled-42-notes", False),
    ),
)
def test_gitlab_renames_what_waits_for_its_deletion(path: str, *, leaving: bool) -> None:
    assert is_leaving({"path_with_namespace": path}) is leaving
    assert is_leaving({"full_path": path}) is leaving
