"""PROJ-25 … PROJ-34 and PAGE-1 … PAGE-7."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.integration.gitlab.world import Caller, Person, World


@pytest.fixture(scope="module")
def shelf(world: World) -> tuple[Person, list[dict[str, Any]]]:
    """Somebody with seven projects in a group: shelf-0 … shelf-6, the even ones with two topics."""
    person = world.person("shelf")
    group = world.group(person, visibility="public")
    projects = [
        world.project(
            person,
            name=f"{person.username}-{number}",
            description=f"Ünusual {person.username} thing",
            namespace_id=group["id"],
            topics=["even", "round"] if number % 2 == 0 else ["round"],
            visibility="public" if number < 2 else "private",
        )
        for number in range(7)
    ]
    return person, projects


def ids(caller: Caller, **query: object) -> list[int]:
    return [project["id"] for project in caller.get("/projects", per_page=100, **query).json()]


def test_the_youngest_come_first_unless_told_otherwise(
    shelf: tuple[Person, list[dict[str, Any]]],
) -> None:
    person, projects = shelf
    expected = [project["id"] for project in projects]
    assert ids(person, membership=True) == expected[::-1]
    assert ids(person, membership=True, order_by="id", sort="asc") == expected
    assert ids(person, membership=True, order_by="name", sort="asc") == expected


def test_search_is_a_substring_of_name_path_or_description_in_any_case(
    world: World, shelf: tuple[Person, list[dict[str, Any]]]
) -> None:
    person, projects = shelf
    assert set(ids(person, search=person.username.upper())) == {
        project["id"] for project in projects
    }
    assert set(ids(person, search="üNUSUAL")) == {project["id"] for project in projects}
    assert ids(person, search=f"{person.username}-3") == [projects[3]["id"]]
    assert ids(world.nobody, search=person.username) == [projects[1]["id"], projects[0]["id"]]


def test_topics_are_joined_by_and(shelf: tuple[Person, list[dict[str, Any]]]) -> None:
    person, projects = shelf
    assert set(ids(person, topic="even,round", membership=True)) == {
        project["id"] for project in projects[::2]
    }


def test_visibility_and_level_narrow(shelf: tuple[Person, list[dict[str, Any]]]) -> None:
    person, projects = shelf
    assert set(ids(person, membership=True, visibility="public")) == {
        project["id"] for project in projects[:2]
    }
    assert len(ids(person, min_access_level=50)) == 7
    assert len(ids(person, owned=True)) == 7


def test_membership_and_owned_narrow_for_administrators_too(
    world: World, shelf: tuple[Person, list[dict[str, Any]]]
) -> None:
    _, projects = shelf
    assert projects[5]["id"] in ids(world.root)
    assert projects[5]["id"] not in ids(world.root, membership=True)
    assert projects[5]["id"] not in ids(world.root, owned=True)


def test_simple_and_anonymous_lists_have_basic_fields_only(
    world: World, shelf: tuple[Person, list[dict[str, Any]]]
) -> None:
    person, projects = shelf
    simple = person.get("/projects", simple=True, per_page=1).json()[0]
    assert "path_with_namespace" in simple
    assert not {"permissions", "creator_id", "_links"} & set(simple)
    seen = world.nobody.get("/projects", search=person.username).json()
    assert [project["id"] for project in seen] == [projects[1]["id"], projects[0]["id"]]
    assert all("permissions" not in project and "creator_id" not in project for project in seen)


def test_personal_projects_of_somebody_are_those_the_caller_may_see(world: World) -> None:
    person, other = world.person(), world.person()
    world.project(person)
    public = world.project(person, visibility="public")
    for key in (person.id, person.username):
        assert [project["id"] for project in other.get(f"/users/{key}/projects").json()] == [
            public["id"]
        ]


def test_pages_tell_where_they_are(shelf: tuple[Person, list[dict[str, Any]]]) -> None:
    person, _ = shelf
    head = person.get("/projects", membership=True, per_page=3).headers
    numbers = [
        head[f"X-{name}"]
        for name in ("Page", "Per-Page", "Total", "Total-Pages", "Next-Page", "Prev-Page")
    ]
    assert numbers == ["1", "3", "7", "3", "2", ""]
    last = person.get("/projects", membership=True, per_page=3, page=3).headers
    assert (last["X-Next-Page"], last["X-Prev-Page"]) == ("", "2")
    assert person("HEAD", "/projects", params={"membership": True}).headers["X-Total"] == "7"


def test_links_keep_the_filters(shelf: tuple[Person, list[dict[str, Any]]]) -> None:
    person, _ = shelf
    answer = person.get("/projects", membership=True, per_page=3, page=2, topic="round")
    assert set(answer.links) == {"prev", "next", "first", "last"}
    following = requests.get(
        answer.links["next"]["url"], headers={"PRIVATE-TOKEN": person.token}, timeout=10
    )
    assert len(following.json()) == 1
    assert "topic=round" in answer.links["next"]["url"]


def test_pages_do_not_overlap_and_end_with_nothing(
    shelf: tuple[Person, list[dict[str, Any]]],
) -> None:
    person, projects = shelf
    pages = [
        person.get("/projects", membership=True, per_page=3, page=number).json()
        for number in (1, 2, 3, 4)
    ]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert {project["id"] for page in pages for project in page} == {
        project["id"] for project in projects
    }


def test_pages_have_twenty_rows_by_default_and_a_hundred_at_most(world: World) -> None:
    assert world.root.get("/users").headers["X-Per-Page"] == "20"
    assert world.root.get("/users", per_page=1000).headers["X-Per-Page"] == "100"


def test_keyset_pages_are_followed_by_their_link(
    shelf: tuple[Person, list[dict[str, Any]]],
) -> None:
    person, projects = shelf
    seen: list[int] = []
    answer = person.get(
        "/projects", membership=True, pagination="keyset", order_by="id", sort="asc", per_page=3
    )
    while True:
        assert "X-Total" not in answer.headers
        seen += [project["id"] for project in answer.json()]
        if "next" not in answer.links:
            break
        answer = requests.get(
            answer.links["next"]["url"], headers={"PRIVATE-TOKEN": person.token}, timeout=10
        )
    assert seen == [project["id"] for project in projects]
