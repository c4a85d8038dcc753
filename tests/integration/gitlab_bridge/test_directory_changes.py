from __future__ import annotations

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.model.access import ANONYMOUS, AccessLevel, Visibility
from core.model.dataset import DATASET_TOPIC, DatasetChanges, Kind
from core.model.names import Ref, Revision
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import World

READ = AccessLevel.REPORTER


# ---- changing and deleting ------------------------------------------------------------------------


def test_a_change_replaces_tags_and_kind_and_keeps_our_marks(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    made = world.dataset(alice, tags=("old", "kept"))
    changed = directory.change_dataset(
        alice.actor,
        made.id,
        DatasetChanges(name="renamed", description="why", tags=("kept", "new"), kind=Kind.MODEL),
    )
    assert (changed.name, changed.description, changed.kind) == ("renamed", "why", Kind.MODEL)
    assert set(changed.tags) == {"kept", "new"}
    topics = world.admin.projects.get(made.id.number).topics
    assert set(topics) == {DATASET_TOPIC, "kept", "labset-kind-model", "new"}


def test_a_change_is_seen_by_others_of_this_process_at_once(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    made = world.dataset(alice, visibility=Visibility.PUBLIC)
    assert directory.find_dataset(ANONYMOUS, made.id, at_least=READ, fresh=False)
    directory.change_dataset(alice.actor, made.id, DatasetChanges(visibility=Visibility.PRIVATE))
    assert directory.find_dataset(ANONYMOUS, made.id, at_least=READ, fresh=False) is None


def test_a_change_above_the_group_or_onto_a_taken_name_is_refused(
    world: World, directory: GitLabDirectory
) -> None:
    alice, lab = world.user(), world.group()
    world.join_group(lab, alice, AccessLevel.OWNER)
    made, other = world.dataset(alice, lab.path), world.dataset(alice, lab.path)
    with pytest.raises(Invalid) as caught:
        directory.change_dataset(alice.actor, made.id, DatasetChanges(visibility=Visibility.PUBLIC))
    assert caught.value.details["field"] == "visibility"
    with pytest.raises(Conflict) as taken:
        directory.change_dataset(alice.actor, made.id, DatasetChanges(name=other.name))
    assert taken.value.code == "name_taken"


def test_a_change_by_a_developer_is_forbidden(world: World, directory: GitLabDirectory) -> None:
    made, bob = world.dataset(world.user()), world.user()
    world.join(made.id, bob, AccessLevel.DEVELOPER)
    with pytest.raises(Forbidden):
        directory.change_dataset(bob.actor, made.id, DatasetChanges(description="mine"))
    with pytest.raises(Forbidden):
        directory.delete_dataset(bob.actor, made.id)


def test_a_deleted_dataset_is_gone_for_everybody(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    made = world.dataset(alice)
    assert directory.find_dataset(alice.actor, made.id, at_least=READ, fresh=False)
    directory.delete_dataset(alice.actor, made.id)
    assert directory.find_dataset(alice.actor, made.id, at_least=READ, fresh=False) is None
    with pytest.raises(NotFound):
        directory.change_dataset(alice.actor, made.id, DatasetChanges(description="late"))


# ---- whom to ask ----------------------------------------------------------------------------------


def test_granters_are_owners_then_maintainers(world: World, directory: GitLabDirectory) -> None:
    alice, bob, carol, dora = (world.user() for _ in range(4))
    made = world.dataset(alice)
    world.join(made.id, bob, AccessLevel.MAINTAINER)
    world.join(made.id, carol, AccessLevel.DEVELOPER)
    assert directory.list_granters(carol.actor, made.id) == (alice.name, bob.name)
    assert directory.list_granters(dora.actor, made.id) == ()
    assert directory.list_granters(ANONYMOUS, made.id) == ()


def test_a_service_token_names_granters_to_those_who_cannot_see_them(world: World) -> None:
    alice, dora = world.user(), world.user()
    made = world.dataset(alice)
    directory = world.directory(world.root.token)
    assert directory.list_granters(dora.actor, made.id) == (alice.name,)


# ---- tags -----------------------------------------------------------------------------------------


def test_a_tag_with_a_message_is_annotated(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    made = world.dataset(alice)
    revision = Revision(world.commit(made.id))
    directory.create_tag(alice.actor, made.id, Ref("v0.1.0"), revision, "first release")
    directory.create_tag(alice.actor, made.id, Ref("light/one"), revision, "")
    tag = world.project(made.id).tags.get("v0.1.0")
    assert (tag.message, tag.commit["id"]) == ("first release", revision.sha)
    assert tag.target != revision.sha
    assert world.project(made.id).tags.get("light/one").target == revision.sha


def test_a_tag_that_exists_is_a_conflict(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    made = world.dataset(alice)
    revision = Revision(world.commit(made.id))
    directory.create_tag(alice.actor, made.id, Ref("v1"), revision, "one")
    with pytest.raises(Conflict) as caught:
        directory.create_tag(alice.actor, made.id, Ref("v1"), revision, "two")
    assert caught.value.code == "tag_exists"


def test_a_tag_needs_a_commit_and_a_role(world: World, directory: GitLabDirectory) -> None:
    alice, bob = world.user(), world.user()
    made = world.dataset(alice)
    revision = Revision(world.commit(made.id))
    world.join(made.id, bob, AccessLevel.REPORTER)
    with pytest.raises(Forbidden):
        directory.create_tag(bob.actor, made.id, Ref("v1"), revision, "one")
    with pytest.raises(NotFound) as caught:
        directory.create_tag(alice.actor, made.id, Ref("v1"), Revision("0" * 39 + "1"), "one")
    assert caught.value.code == "ref_not_found"


def test_a_protected_tag_is_forbidden_to_developers(
    world: World, directory: GitLabDirectory
) -> None:
    made, bob = world.dataset(world.user()), world.user()
    revision = Revision(world.commit(made.id))
    world.join(made.id, bob, AccessLevel.DEVELOPER)
    world.project(made.id).protectedtags.create({"name": "v*", "create_access_level": 40})
    with pytest.raises(Forbidden):
        directory.create_tag(bob.actor, made.id, Ref("v1"), revision, "one")


def test_gitlab_answers(directory: GitLabDirectory) -> None:
    assert 0 < directory.check_answers() < 4
