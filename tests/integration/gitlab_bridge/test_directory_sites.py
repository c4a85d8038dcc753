from __future__ import annotations

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.model.access import ANONYMOUS, AccessLevel, Secret, Visibility
from core.model.dataset import SITE_TOPIC
from core.model.storage import NewSite, SiteAddress, SiteChanges, SiteKeys, SiteKind, SiteProject
from gitlab_bridge.directory import GitLabDirectory
from tests.integration.gitlab_bridge.conftest import NUMBERS, User, World

MINIO = SiteAddress(SiteKind.S3, "s3://bucket/prefix", "http://127.0.0.1:9000", region="eu-1")
MOVED = SiteAddress(SiteKind.S3, "s3://other/prefix", "http://127.0.0.1:9000")
KEYS = SiteKeys(Secret("canary-access"), Secret("canary-secret"))


def order(owner: User, name: str | None = None, **changes: object) -> NewSite:
    given: dict[str, object] = {
        "namespace": owner.name,
        "description": "where bytes lie",
        "visibility": Visibility.PRIVATE,
        "tags": ("fast",),
        "address": MINIO,
        "keys": KEYS,
    }
    return NewSite(name=name or f"site {next(NUMBERS)}", **(given | changes))  # type: ignore[arg-type]


def site(world: World, owner: User, **changes: object) -> SiteProject:
    return world.directory().create_site(owner.actor, order(owner, **changes))  # type: ignore[arg-type]


def test_a_new_site_is_a_project_with_a_file_that_says_where(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    made = directory.create_site(alice.actor, order(alice, "lab minio"))
    assert (made.name, made.tags, made.description) == ("lab minio", ("fast",), "where bytes lie")
    assert made.level is AccessLevel.OWNER
    assert directory.find_site_address(alice.actor, made.id) == MINIO
    project = world.admin.projects.get(made.id.number)
    assert set(project.topics) == {SITE_TOPIC, "fast"}
    text = project.files.get("site.yaml", ref="main").decode().decode()
    assert "canary" not in text
    rule = project.protectedbranches.get("main")
    assert [level["access_level"] for level in rule.push_access_levels] == [40]


def test_a_site_whose_address_holds_a_password_is_refused_and_not_made(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    address = SiteAddress(SiteKind.S3, "s3://bucket", "https://user:canary@host")
    with pytest.raises(Invalid) as caught:
        directory.create_site(alice.actor, order(alice, address=address))
    assert "canary" not in caught.value.message
    assert directory.list_sites(alice.actor, "", ()) == list(
        directory.list_sites(ANONYMOUS, "", ())
    )


def test_a_taken_name_or_an_unknown_namespace_is_refused(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    directory.create_site(alice.actor, order(alice, "minio"))
    with pytest.raises(Conflict):
        directory.create_site(alice.actor, order(alice, "minio"))
    with pytest.raises(Invalid):
        directory.create_site(alice.actor, order(alice, namespace="nowhere"))


def test_a_site_is_there_for_its_members_only(world: World, directory: GitLabDirectory) -> None:
    alice, bob = world.user(), world.user()
    made = site(world, alice)
    for actor in (bob.actor, ANONYMOUS):
        assert directory.find_site(actor, made.id, fresh=True) is None
        assert directory.find_site_address(actor, made.id) is None
    world.join(made.id, bob, AccessLevel.DEVELOPER)
    found = directory.find_site(bob.actor, made.id, fresh=True)
    assert found is not None
    assert found.level is AccessLevel.DEVELOPER
    world.leave(made.id, bob)
    assert directory.find_site(bob.actor, made.id, fresh=True) is None


def test_a_guest_holds_the_key_but_reads_no_file(world: World, directory: GitLabDirectory) -> None:
    alice, bob = world.user(), world.user()
    made = site(world, alice)
    world.join(made.id, bob, AccessLevel.GUEST)
    found = directory.find_site(bob.actor, made.id, fresh=False)
    assert found is not None
    assert found.level is AccessLevel.GUEST
    assert directory.find_site_address(bob.actor, made.id) is None


def test_an_administrator_owns_every_site(world: World, directory: GitLabDirectory) -> None:
    found = directory.find_site(world.root, site(world, world.user()).id, fresh=True)
    assert found is not None
    assert found.level is AccessLevel.OWNER


def test_a_change_of_address_is_committed(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    made = site(world, alice)
    changed = directory.change_site(
        alice.actor,
        made.id,
        SiteChanges(name="renamed", tags=("slow",), description="new", address=MOVED),
    )
    assert (changed.name, changed.tags, changed.description) == ("renamed", ("slow",), "new")
    assert directory.find_site_address(alice.actor, made.id) == MOVED
    text = world.project(made.id).files.get("site.yaml", ref="main").decode().decode()
    assert "name: renamed" in text
    assert len(world.project(made.id).commits.list(get_all=True)) == 2


def test_a_change_of_nothing_that_the_file_says_makes_no_commit(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    made = site(world, alice)
    directory.change_site(alice.actor, made.id, SiteChanges(description="other"))
    assert len(world.project(made.id).commits.list(get_all=True)) == 1


def test_an_edited_file_is_read_as_it_stands_or_not_at_all(
    world: World, directory: GitLabDirectory
) -> None:
    alice = world.user()
    made = site(world, alice)
    edit = {"branch": "main", "commit_message": "edit"}
    for text, address in (
        ("kind: s3\nurl: s3://b\n", SiteAddress(SiteKind.S3, "s3://b")),
        ("kind: [\n", None),
    ):
        action = {"action": "update", "file_path": "site.yaml", "content": text}
        world.project(made.id).commits.create(edit | {"actions": [action]})
        assert directory.find_site_address(alice.actor, made.id) == address
    directory.change_site(alice.actor, made.id, SiteChanges(address=MOVED))
    assert directory.find_site_address(alice.actor, made.id) == MOVED


def test_developers_change_no_site(world: World, directory: GitLabDirectory) -> None:
    made, bob = site(world, world.user()), world.user()
    world.join(made.id, bob, AccessLevel.DEVELOPER)
    with pytest.raises(Forbidden):
        directory.change_site(bob.actor, made.id, SiteChanges(description="mine"))
    with pytest.raises(Forbidden):
        directory.delete_site(bob.actor, made.id)


def test_a_deleted_site_is_gone(world: World, directory: GitLabDirectory) -> None:
    alice = world.user()
    made = site(world, alice)
    directory.delete_site(alice.actor, made.id)
    assert directory.find_site(alice.actor, made.id, fresh=False) is None
    with pytest.raises(NotFound):
        directory.change_site(alice.actor, made.id, SiteChanges(name="late"))


def test_sites_are_listed_by_name_and_found_by_text_and_tag(
    world: World, directory: GitLabDirectory
) -> None:
    alice, stranger = world.user(), world.user()
    names = ("beta ZQ", "Alpha ZQ", "gamma")
    tags = (("t-one",), ("t-one", "t-two"), ())
    for name, labels in zip(names, tags, strict=True):
        site(world, alice, name=name, tags=labels, description="")

    def found(search: str = "", *labels: str) -> list[str]:
        return [item.name for item in directory.list_sites(alice.actor, search, labels)]

    assert found() == ["Alpha ZQ", "beta ZQ", "gamma"]
    assert found("zq") == ["Alpha ZQ", "beta ZQ"]
    assert found("GAMM") == ["gamma"]
    assert found("", "t-one") == ["Alpha ZQ", "beta ZQ"]
    assert found("", "t-one", "t-two") == ["Alpha ZQ"]
    assert found("nothing like it") == []
    assert directory.list_sites(stranger.actor, "", ()) == []


def test_public_sites_are_listed_for_nobody(world: World, directory: GitLabDirectory) -> None:
    made = site(world, world.user(), visibility=Visibility.PUBLIC)
    assert made.id in {item.id for item in directory.list_sites(ANONYMOUS, "", ())}
    found = directory.find_site(ANONYMOUS, made.id, fresh=False)
    assert found is not None
    assert found.visibility is Visibility.PUBLIC


def test_nobody_registers_a_site(world: World, directory: GitLabDirectory) -> None:
    with pytest.raises(Unauthenticated):
        directory.create_site(ANONYMOUS, order(world.user()))
