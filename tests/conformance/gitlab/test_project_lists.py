"""Lists of projects: who sees which, in which order, with which fields."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.conformance.gitlab.place import Caller, Json, Person, Place, ids, join, of, told, unique

BASIC = {"id", "name", "path", "path_with_namespace", "web_url", "namespace", "star_count"}


@dataclass(frozen=True)
class Shelf:
    """Somebody's projects, the oldest first, a word that only they have, and a developer of the second."""

    owner: Person
    developer: Person
    word: str
    projects: list[Json]
    topics: tuple[str, str]

    def found(self, caller: Caller, **query: object) -> list[int]:
        """Return which of the projects a list has, as numbers 0, 1, 2."""
        known = ids(self.projects)
        rows = caller.read("/projects", search=self.word, per_page=100, **query)
        return [known.index(row["id"]) for row in rows if row["id"] in known]


@pytest.fixture(scope="module")
def shelf(place: Place) -> Shelf:
    owner, developer = place.person(), place.person()
    word = unique("word")
    one, two = place.topic("one"), place.topic("two")
    projects = [
        place.project(owner, name=f"B-{word}", visibility="public", topics=[one, two]),
        place.project(owner, name=f"c-{word}", visibility="internal", topics=[two]),
        place.project(owner, name=unique("a"), description=f"about {word}"),
    ]
    join(owner, of(projects[1]), developer, 30)
    return Shelf(owner, developer, word, projects, (one, two))


def test_proj_25_a_search_is_a_part_in_any_case(shelf: Shelf) -> None:
    assert set(shelf.found(shelf.owner)) == {0, 1, 2}
    rows = shelf.owner.read("/projects", search=shelf.word[2:].upper())
    assert set(ids(rows)) == set(ids(shelf.projects))


def test_proj_26_the_newest_come_first_unless_told_otherwise(shelf: Shelf) -> None:
    assert shelf.found(shelf.owner) == [2, 1, 0]
    assert shelf.found(shelf.owner, sort="asc") == [0, 1, 2]
    assert shelf.found(shelf.owner, order_by="id", sort="asc") == [0, 1, 2]
    for key in ("name", "path", "updated_at", "last_activity_at", "similarity", "star_count"):
        assert set(shelf.found(shelf.owner, order_by=key)) == {0, 1, 2}
    shelf.owner.post(f"{of(shelf.projects[1])}/star")
    assert shelf.found(shelf.owner, order_by="star_count")[0] == 1
    assert shelf.owner.get("/projects", order_by="size").status_code == 400


def test_proj_27_lists_are_narrowed_to_ones_own_for_administrators_too(
    place: Place, shelf: Shelf
) -> None:
    assert set(shelf.found(place.root)) == {0, 1, 2}
    assert shelf.found(place.root, membership=True) == []
    assert shelf.found(place.root, owned=True) == []
    assert set(shelf.found(shelf.developer)) == {0, 1}
    assert shelf.found(shelf.developer, membership=True) == [1]
    assert shelf.found(shelf.developer, owned=True) == []
    assert set(shelf.found(shelf.owner, owned=True)) == {0, 1, 2}


def test_proj_28_lists_are_narrowed_by_role(shelf: Shelf) -> None:
    assert shelf.found(shelf.developer, min_access_level=30) == [1]
    assert shelf.found(shelf.developer, min_access_level=40) == []


def test_proj_29_lists_are_narrowed_by_visibility(shelf: Shelf) -> None:
    for number, visibility in enumerate(("public", "internal", "private")):
        assert shelf.found(shelf.owner, visibility=visibility) == [number]


def test_proj_30_all_topics_are_wanted(shelf: Shelf) -> None:
    one, two = shelf.topics
    assert set(shelf.found(shelf.owner, topic=two)) == {0, 1}
    assert shelf.found(shelf.owner, topic=f"{one},{two}") == [0]


def test_proj_31_topics_are_read_by_all_and_made_by_administrators(
    place: Place, owner: Person
) -> None:
    name = unique("topic")
    place.project(owner, topics=[name], visibility="public")
    (found,) = owner.read("/topics", search=name)
    assert owner.read(f"/topics/{found['id']}")["name"] == name
    answer = owner.post("/topics", name=unique("topic"), title="T")
    assert told(answer)[0] == 403
    place.root.delete(f"/topics/{found['id']}")


def test_proj_32_simple_leaves_the_basic_fields(shelf: Shelf) -> None:
    (plain,) = shelf.owner.read("/projects", search=shelf.word, visibility="public", simple=True)
    assert set(plain) >= BASIC
    assert not {"permissions", "owner", "merge_method"} & set(plain)


def test_proj_33_nobody_sees_the_basics_of_public_ones(place: Place, shelf: Shelf) -> None:
    assert shelf.found(place.nobody) == [0]
    (shown,) = place.nobody.read("/projects", search=shelf.word)
    assert set(shown) >= BASIC
    assert not {"permissions", "owner", "merge_method", "shared_with_groups"} & set(shown)


def test_proj_34_an_account_has_its_personal_projects(
    place: Place, shelf: Shelf, stranger: Person
) -> None:
    path = f"/users/{shelf.owner.id}/projects"
    known = ids(shelf.projects)
    in_group = place.project(shelf.owner, namespace_id=place.group(shelf.owner)["id"])
    assert set(ids(shelf.owner.read(path))) == set(known)
    assert in_group["id"] not in ids(shelf.owner.read(path))
    assert set(ids(stranger.read(path))) == set(known[:2])
    assert ids(place.nobody.read(path)) == known[:1]
    assert ids(shelf.developer.read(f"/users/{shelf.developer.id}/projects")) == []


def test_proj_18_basic_fields_have_no_statistics(shelf: Shelf) -> None:
    """lib/api/entities/basic_project_details.rb exposes none."""
    found = shelf.owner.read("/projects", search=shelf.word, simple=True, statistics=True)
    assert all("statistics" not in one for one in found)
    found = shelf.owner.read("/projects", search=shelf.word, statistics=True)
    assert all("commit_count" in one["statistics"] for one in found)


def test_proj_26_what_was_updated_is_ordered_by_that(shelf: Shelf) -> None:
    """doc/api/projects.md: `updated_after` asks for `order_by=updated_at`."""
    text = "400 Bad request - `updated_at` filter and `updated_at` sorting must be paired"
    since = "2000-01-01T00:00:00Z"
    assert told(shelf.owner.get("/projects", updated_after=since)) == (400, text)
    assert sorted(shelf.found(shelf.owner, updated_after=since, order_by="updated_at")) == [0, 1, 2]
    assert shelf.found(shelf.owner, updated_before=since, order_by="updated_at") == []


def test_proj_26_likeness_orders_what_is_ones_own(shelf: Shelf) -> None:
    """doc/api/projects.md: `similarity` is limited to projects that the caller is a member of."""
    assert shelf.found(shelf.developer, order_by="similarity") == [1]
    assert shelf.found(shelf.developer) == [1, 0]


def test_proj_26_sizes_order_for_administrators_and_are_no_error_for_others(shelf: Shelf) -> None:
    """doc/api/projects.md, `order_by`."""
    assert sorted(shelf.found(shelf.owner, order_by="repository_size")) == [0, 1, 2]
    assert shelf.owner.get("/projects", order_by="size").status_code == 400


def test_proj_15_a_groups_list_tells_no_permissions(place: Place, owner: Person) -> None:
    """lib/api/groups.rb presents Entities::Project, not ProjectWithAccess."""
    group = place.group(owner)
    made = place.project(owner, namespace_id=group["id"])
    (shown,) = owner.read(f"/groups/{group['id']}/projects")
    assert shown["id"] == made["id"]
    assert "permissions" not in shown


def test_proj_3_what_builds_need_is_for_those_who_run_a_project(
    place: Place, owner: Person, stranger: Person
) -> None:
    """lib/api/entities/project.rb: CI settings, `runners_token`, `import_url` need admin_project."""
    made = place.project(owner, visibility="public")
    assert {"runners_token", "build_timeout", "import_url"} <= set(owner.read(of(made)))
    shown = stranger.read(of(made))
    assert not {"runners_token", "build_timeout", "import_url"} & set(shown)
    assert (shown["repository_object_format"], shown["merge_method"]) == ("sha1", "merge")


def test_proj_31_topics_are_checked_and_merged(place: Place, owner: Person) -> None:
    """lib/api/topics.rb."""
    left, right = place.topic("left"), place.topic("right")
    made = place.project(owner, topics=[left, right])
    other = place.project(owner, topics=[left])
    one, two = (place.root.read("/topics", search=name)[0]["id"] for name in (left, right))
    merge = "/topics/merge"
    text = "The source topic and the target topic are identical."
    answer = place.root.post(merge, source_topic_id=one, target_topic_id=one)
    assert told(answer) == (400, text)
    assert owner.post(merge, source_topic_id=one, target_topic_id=two).status_code == 403
    merged = place.root.made(merge, source_topic_id=one, target_topic_id=two)
    assert (merged["id"], merged["total_projects_count"]) == (two, 2)
    assert owner.read(of(made))["topics"] == owner.read(of(other))["topics"] == [right]
    answer = place.root.post("/topics", description="x")
    assert answer.json() == {"error": "name is missing, title is missing"}
    assert told(place.root.post("/topics", name="", title="x")) == (
        400,
        {"name": ["can't be blank"]},
    )
