from __future__ import annotations

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.model.access import ANONYMOUS, AccessLevel, Actor, Secret, Visibility
from core.model.dataset import DATASET_TOPIC, DatasetChanges, Kind, NewDataset
from core.model.names import DatasetId, Ref, Revision
from core.ports import Directory
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import World

PORT: type[Directory] = GitLabDirectory  # mypy compares every signature
STRANGER = Actor(Secret("glpat-0000000000000000000x"))
READ = AccessLevel.REPORTER


def new(name: str, namespace: str, **changes: object) -> NewDataset:
    given: dict[str, object] = {
        "description": "",
        "visibility": Visibility.PRIVATE,
        "tags": (),
        "kind": Kind.ALBUM,
    }
    return NewDataset(name=name, namespace=namespace, **(given | changes))  # type: ignore[arg-type]


# ---- people ---------------------------------------------------------------------------------


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


def test_a_token_that_only_reads_cannot_create(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    reading = world.token(alice.id, "read_api")
    assert directory.read_person(reading).username == alice.name
    with pytest.raises(Forbidden):
        directory.create_dataset(reading, new("mine", alice.name))


# ---- namespaces -----------------------------------------------------------------------------


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


# ---- creating -------------------------------------------------------------------------------


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


# ---- finding --------------------------------------------------------------------------------


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


# ---- changing and deleting ------------------------------------------------------------------


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


# ---- whom to ask ----------------------------------------------------------------------------


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


# ---- tags -----------------------------------------------------------------------------------


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
