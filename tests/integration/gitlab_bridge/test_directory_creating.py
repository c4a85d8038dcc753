from __future__ import annotations

import pytest

from core.errors import Conflict, Forbidden, Invalid, Unauthenticated
from core.model.access import ANONYMOUS, AccessLevel, Visibility
from core.model.dataset import DATASET_TOPIC, Kind, NewDataset
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import World


def new(name: str, namespace: str, **changes: object) -> NewDataset:
    given: dict[str, object] = {
        "description": "",
        "visibility": Visibility.PRIVATE,
        "tags": (),
        "kind": Kind.ALBUM,
    }
    return NewDataset(name=name, namespace=namespace, **(given | changes))  # type: ignore[arg-type]


def test_a_new_dataset_carries_our_topics_and_opens_main_to_developers(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    made = directory.create_dataset(
        alice.actor,
        new("VITVI data", alice.name, description="welds", tags=("steel", "weld"), kind=Kind.TABLE),
    )
    assert made.path_with_namespace == f"{alice.name}/vitvi-data"
    assert (made.name, made.description, made.kind) == ("VITVI data", "welds", Kind.TABLE)
    assert made.tags == ("steel", "weld")
    assert made.level is AccessLevel.OWNER
    assert (made.default_branch, made.readable, made.marked) == ("main", True, True)
    topics = world.admin.projects.get(made.id.number).topics
    assert set(topics) == {DATASET_TOPIC, "labset-kind-table", "steel", "weld"}
    rule = world.project(made.id).protectedbranches.get("main")
    assert [level["access_level"] for level in rule.push_access_levels] == [30]
    assert [level["access_level"] for level in rule.merge_access_levels] == [30]
    assert rule.allow_force_push is False


@pytest.mark.parametrize("spelling", ("path", "number", "slashes"))
def test_a_namespace_may_be_named_by_path_or_number(
    world: World, directory: GitLabDirectory, spelling: str
) -> None:
    alice, lab = world.user(), world.group()
    world.join_group(lab, alice, AccessLevel.MAINTAINER)
    text = {"path": lab.path, "number": str(lab.id), "slashes": f"/{lab.path.upper()}/"}[spelling]
    made = directory.create_dataset(alice.actor, new("data", text))
    assert made.path_with_namespace == f"{lab.path}/data"
    assert made.namespace.id == lab.id
    assert made.level >= AccessLevel.MAINTAINER


def test_a_developer_of_the_group_may_push_to_main_of_its_new_dataset(world: World) -> None:
    alice, carol, lab = world.user(), world.user(), world.group()
    world.join_group(lab, alice, AccessLevel.MAINTAINER)
    world.join_group(lab, carol, AccessLevel.DEVELOPER)
    made = world.dataset(alice, lab.path)
    client = world.directory()._client(carol.actor)
    action = {"action": "create", "file_path": "a.txt", "content": "a"}
    body = {"branch": "main", "commit_message": "first", "actions": [action]}
    client.create(f"/projects/{made.id}/repository/commits", "x", body)


@pytest.mark.parametrize("namespace", ("no-such-group", "999999999", "", "a/b/c", "..", "%2e"))
def test_an_unknown_namespace_is_refused_with_those_that_are_possible(
    world: World, directory: GitLabDirectory, namespace: str
) -> None:
    alice = world.user()
    with pytest.raises(Invalid) as caught:
        directory.create_dataset(alice.actor, new("data", namespace))
    assert caught.value.details == {"field": "namespace", "possible": [alice.name]}
    assert alice.name in caught.value.message


def test_the_places_of_others_are_refused(world: World, directory: GitLabDirectory) -> None:
    alice, bob, seen, hidden = world.user(), world.user(), world.group("public"), world.group()
    world.join_group(hidden, bob, AccessLevel.OWNER)
    for namespace in (bob.name, seen.path, hidden.path):
        with pytest.raises((Invalid, Forbidden)) as caught:
            directory.create_dataset(alice.actor, new("data", namespace))
        assert caught.value.details.get("field") == "namespace"


@pytest.mark.parametrize(
    ("group", "asked", "allowed"),
    (
        ("private", Visibility.PRIVATE, True),
        ("private", Visibility.INTERNAL, False),
        ("private", Visibility.PUBLIC, False),
        ("internal", Visibility.INTERNAL, True),
        ("internal", Visibility.PUBLIC, False),
        ("public", Visibility.PUBLIC, True),
    ),
)
def test_nothing_is_more_visible_than_its_group(
    world: World, directory: GitLabDirectory, group: str, asked: Visibility, *, allowed: bool
) -> None:
    alice, lab = world.user(), world.group(group)
    world.join_group(lab, alice, AccessLevel.OWNER)
    order = new("data", lab.path, visibility=asked)
    if allowed:
        assert directory.create_dataset(alice.actor, order).visibility is asked
        return
    with pytest.raises(Invalid) as caught:
        directory.create_dataset(alice.actor, order)
    assert caught.value.details["field"] == "visibility"
    assert "private" in caught.value.message


def test_the_own_place_allows_every_visibility(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    order = new("open data", alice.name, visibility=Visibility.PUBLIC)
    assert directory.create_dataset(alice.actor, order).visibility is Visibility.PUBLIC


def test_a_taken_name_is_a_conflict(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    directory.create_dataset(alice.actor, new("data", alice.name))
    for name in ("data", "Data"):
        with pytest.raises(Conflict) as caught:
            directory.create_dataset(alice.actor, new(name, alice.name))
        assert caught.value.code == "name_taken"


def test_a_name_that_gitlab_reserves_is_refused_in_words(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    with pytest.raises(Invalid) as caught:
        directory.create_dataset(alice.actor, new("wikis", alice.name))
    assert caught.value.details["field"] == "name"


@pytest.mark.parametrize("name", ("データ", "Größe 7 +b", "_x", "1.0", "a..b", "x_"))
def test_names_of_all_languages_become_datasets(
    world: World, directory: GitLabDirectory, name: str
) -> None:
    alice = world.user()
    made = directory.create_dataset(alice.actor, new(name, alice.name))
    assert made.name == name
    assert made.path_with_namespace.isascii()


def test_nobody_cannot_create(directory: GitLabDirectory) -> None:
    with pytest.raises(Unauthenticated):
        directory.create_dataset(ANONYMOUS, new("data", "root"))


def test_a_token_that_only_reads_cannot_create(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    reading = world.token(alice.id, "read_api")
    assert directory.read_person(reading).username == alice.name
    with pytest.raises(Forbidden):
        directory.create_dataset(reading, new("mine", alice.name))


def test_developers_of_a_group_are_told_what_creating_takes(
    world: World, directory: GitLabDirectory
) -> None:
    alice, lab = world.user(), world.group()
    world.join_group(lab, alice, AccessLevel.DEVELOPER)
    with pytest.raises(Invalid) as caught:
        directory.create_dataset(alice.actor, new("data", lab.path))
    assert "takes Maintainer, you are Developer" in caught.value.message


def test_administrators_create_in_every_group(world: World, directory: GitLabDirectory) -> None:
    alice, lab = world.user(), world.group()
    world.join_group(lab, alice, AccessLevel.OWNER)
    world.admin.groups.get(lab.id).members.delete(directory.read_person(world.root).id)
    made = directory.create_dataset(world.root, new("data", lab.path))
    assert made.namespace.full_path == lab.path
