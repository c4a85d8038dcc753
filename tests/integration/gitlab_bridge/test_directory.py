from __future__ import annotations

import pytest

from core.errors import Forbidden, Unauthenticated
from core.model.access import ANONYMOUS, AccessLevel, Actor, Secret, Visibility
from core.model.names import DatasetId
from core.ports import Directory
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import World

PORT: type[Directory] = GitLabDirectory  # mypy compares every signature
STRANGER = Actor(Secret("glpat-0000000000000000000x"))
READ = AccessLevel.REPORTER


# ---- people ---------------------------------------------------------------------------------------


def test_a_person_is_who_the_token_says(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    person = directory.read_person(alice.actor)
    assert (person.id, person.username) == (alice.id, alice.name)
    assert person.email == f"{alice.name}@example.com"
    assert not person.is_admin
    assert directory.read_person(world.root).is_admin


@pytest.mark.parametrize("actor", (ANONYMOUS, STRANGER), ids=("nobody", "wrong token"))
def test_nobody_and_wrong_tokens_are_no_person(directory: GitLabDirectory, actor: Actor) -> None:
    with pytest.raises(Unauthenticated):
        directory.read_person(actor)


def test_a_token_for_git_alone_may_not_ask(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    narrow = world.token(alice.id, "read_repository")
    with pytest.raises(Forbidden) as caught:
        directory.read_person(narrow)
    assert caught.value.code == "insufficient_scope"


# ---- namespaces -----------------------------------------------------------------------------------


def test_namespaces_are_the_own_one_and_the_groups_to_create_in(
    world: World, directory: GitLabDirectory
) -> None:
    alice, lab, seen, outer = world.user(), world.group("internal"), world.group(), world.group()
    inner = world.group(parent_id=outer.id)
    world.join_group(lab, alice, AccessLevel.MAINTAINER)
    world.join_group(seen, alice, AccessLevel.DEVELOPER)
    world.join_group(outer, alice, AccessLevel.OWNER)
    found = directory.list_namespaces(alice.actor)
    assert found[0].full_path == alice.name
    assert found[0].kind == "user"
    assert [item.full_path for item in found[1:]] == sorted([lab.path, outer.path, inner.path])
    assert {item.full_path: item.visibility for item in found}[lab.path] is Visibility.INTERNAL


def test_a_group_that_keeps_creation_to_owners_or_nobody_is_offered_to_them_alone(
    world: World, directory: GitLabDirectory
) -> None:
    alice, bob = world.user(), world.user()
    strict = world.group(project_creation_level="owner")
    closed = world.group(project_creation_level="noone")
    world.join_group(strict, alice, AccessLevel.MAINTAINER)
    world.join_group(strict, bob, AccessLevel.OWNER)
    world.join_group(closed, bob, AccessLevel.OWNER)
    assert [item.full_path for item in directory.list_namespaces(alice.actor)] == [alice.name]
    assert [item.full_path for item in directory.list_namespaces(bob.actor)][1:] == [strict.path]


# ---- finding --------------------------------------------------------------------------------------


def test_strangers_are_told_that_a_private_dataset_does_not_exist(
    world: World, directory: GitLabDirectory
) -> None:
    made = world.dataset(world.user())
    for actor in (world.user().actor, ANONYMOUS):
        found = directory.find_dataset(actor, made.id, at_least=READ, fresh=False)
        assert found is None
    absent = DatasetId(2**40)
    assert directory.find_dataset(world.root, absent, at_least=READ, fresh=True) is None


def test_a_wrong_token_is_refused_also_for_a_public_dataset(
    world: World, directory: GitLabDirectory
) -> None:
    made = world.dataset(world.user(), visibility=Visibility.PUBLIC)
    with pytest.raises(Unauthenticated):
        directory.find_dataset(STRANGER, made.id, at_least=READ, fresh=False)


def test_a_public_dataset_is_readable_for_everybody(
    world: World, directory: GitLabDirectory
) -> None:
    made = world.dataset(world.user(), visibility=Visibility.PUBLIC)
    for actor in (ANONYMOUS, world.user().actor):
        found = directory.find_dataset(actor, made.id, at_least=READ, fresh=False)
        assert found is not None
        assert (found.level, found.readable) == (AccessLevel.NONE, True)
        assert found.visibility is Visibility.PUBLIC


def test_an_internal_dataset_is_there_for_those_who_signed_in(
    world: World, directory: GitLabDirectory
) -> None:
    made = world.dataset(world.user(), visibility=Visibility.INTERNAL)
    assert directory.find_dataset(ANONYMOUS, made.id, at_least=READ, fresh=True) is None
    found = directory.find_dataset(world.user().actor, made.id, at_least=READ, fresh=True)
    assert found is not None
    assert found.readable


@pytest.mark.parametrize("level", [level for level in AccessLevel if level], ids=str)
def test_members_have_their_role(
    world: World, directory: GitLabDirectory, level: AccessLevel
) -> None:
    made, bob = world.dataset(world.user()), world.user()
    world.join(made.id, bob, level)
    found = directory.find_dataset(bob.actor, made.id, at_least=READ, fresh=False)
    assert found is not None
    assert found.level is level


def test_a_guest_of_a_private_dataset_sees_it_but_reads_no_files(
    world: World, directory: GitLabDirectory
) -> None:
    made, bob = world.dataset(world.user()), world.user()
    world.commit(made.id)
    world.join(made.id, bob, AccessLevel.GUEST)
    found = directory.find_dataset(bob.actor, made.id, at_least=READ, fresh=False)
    assert found is not None
    assert not found.readable


def test_roles_of_groups_and_shares_count(world: World, directory: GitLabDirectory) -> None:
    outer, team, guests = world.group(), world.group(), world.group()
    inner = world.group(parent_id=outer.id)
    alice, bob, carol, dora = (world.user() for _ in range(4))
    world.join_group(outer, alice, AccessLevel.OWNER)
    world.join_group(outer, bob, AccessLevel.DEVELOPER)
    world.join_group(team, carol, AccessLevel.OWNER)
    world.join_group(guests, dora, AccessLevel.OWNER)
    made = world.dataset(alice, inner.path)
    world.admin.groups.get(inner.id).share(team.id, AccessLevel.DEVELOPER.value)
    world.project(made.id).share(guests.id, AccessLevel.REPORTER.value)
    expected = {
        bob: AccessLevel.DEVELOPER,
        carol: AccessLevel.DEVELOPER,
        dora: AccessLevel.REPORTER,
    }
    for user, level in expected.items():
        found = directory.find_dataset(
            user.actor, made.id, at_least=AccessLevel.DEVELOPER, fresh=False
        )
        assert found is not None
        assert found.level is level


def test_administrators_own_everything(world: World, directory: GitLabDirectory) -> None:
    made = world.dataset(world.user())
    found = directory.find_dataset(world.root, made.id, at_least=AccessLevel.OWNER, fresh=False)
    assert found is not None
    assert found.level is AccessLevel.OWNER


def test_fresh_sees_a_change_of_role_at_once(world: World, directory: GitLabDirectory) -> None:
    made, bob = world.dataset(world.user()), world.user()
    world.join(made.id, bob, AccessLevel.DEVELOPER)

    def level(*, fresh: bool) -> AccessLevel | None:
        found = directory.find_dataset(
            bob.actor, made.id, at_least=AccessLevel.DEVELOPER, fresh=fresh
        )
        return found.level if found else None

    assert level(fresh=False) is AccessLevel.DEVELOPER
    world.leave(made.id, bob)
    assert level(fresh=False) is AccessLevel.DEVELOPER
    assert level(fresh=True) is None
    assert level(fresh=False) is None
