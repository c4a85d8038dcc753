"""VIS-4 … VIS-7 and PERM-1 … PERM-14: who sees what, and what each role may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.gitlab.world import World, commit, create, encoded, try_commit

READING = (
    "/repository/tree",
    "/repository/files/a.txt?ref=main",
    "/repository/commits",
    "/repository/branches",
    "/repository/tags",
    "/repository/archive.tar.gz",
)


def test_a_private_project_is_404_for_strangers_by_every_verb(world: World) -> None:
    owner, stranger = world.person(), world.person()
    made = world.filled(owner)
    expected = {"message": "404 Project Not Found"}
    for key in (made["id"], encoded(made["path_with_namespace"])):
        for answer in (
            stranger.get(f"/projects/{key}"),
            stranger.put(f"/projects/{key}", name="x"),
            stranger.delete(f"/projects/{key}"),
            stranger.get(f"/projects/{key}/repository/tree"),
            try_commit(stranger, made["id"], create("x")),
            stranger.get(f"/projects/{key}/members"),
            stranger.get(f"/projects/{key}/hooks"),
            world.nobody.get(f"/projects/{key}"),
        ):
            assert (answer.status_code, answer.json()) == (404, expected)


def test_an_internal_project_is_for_everybody_who_signed_in(world: World) -> None:
    owner, other = world.person(), world.person()
    made = world.filled(owner, visibility="internal")
    assert (
        other.get(f"/projects/{made['id']}/repository/files/a.txt", ref="main").status_code == 200
    )
    assert world.nobody.get(f"/projects/{made['id']}").status_code == 404


def test_a_public_project_is_read_by_everybody_with_its_code(world: World) -> None:
    made = world.filled(world.person(), visibility="public")
    for path in READING:
        assert world.nobody.get(f"/projects/{made['id']}{path}").status_code == 200, path
    assert try_commit(world.nobody, made["id"], create("x")).status_code == 401


def test_a_hidden_group_is_404(world: World) -> None:
    group = world.group(world.person())
    answer = world.person().get(f"/groups/{group['id']}")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Group Not Found"})


@pytest.mark.parametrize("path", READING)
def test_a_guest_of_a_private_project_sees_it_without_its_code(world: World, path: str) -> None:
    owner, guest = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", guest, 10)
    shown = guest.get(f"/projects/{made['id']}")
    assert shown.status_code == 200
    assert not {"default_branch", "readme_url", "forks_count"} & set(shown.json())
    assert guest.get(f"/projects/{made['id']}{path}").status_code == 403


def test_a_guest_of_a_public_project_reads_code(world: World) -> None:
    owner, guest = world.person(), world.person()
    made = world.filled(owner, visibility="public")
    world.member(owner, f"projects/{made['id']}", guest, 10)
    assert guest.get(f"/projects/{made['id']}/repository/tree").status_code == 200


def test_a_reporter_reads_and_never_writes(world: World) -> None:
    owner, reporter = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", reporter, 20)
    assert reporter.get(f"/projects/{made['id']}/repository/tree").status_code == 200
    assert (
        try_commit(reporter, made["id"], create("x"), branch="new", start_branch="main").status_code
        == 403
    )
    branches = f"/projects/{made['id']}/repository/branches"
    assert reporter.post(branches, branch="b", ref="main").status_code == 403
    tags = f"/projects/{made['id']}/repository/tags"
    assert reporter.post(tags, tag_name="t", ref="main").status_code == 403


def test_a_developer_writes_beside_the_protected_default_branch(world: World) -> None:
    owner, dev = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", dev, 30)
    answer = try_commit(dev, made["id"], create("x"))
    assert answer.status_code == 403
    assert answer.json() == {
        "message": "403 Forbidden - You are not allowed to push into this branch"
    }
    body = {"branch": "main", "commit_message": "m", "content": "c"}
    answer = dev.post(f"/projects/{made['id']}/repository/files/x", **body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "You are not allowed to push into this branch"},
    )
    commit(dev, made["id"], create("x"), branch="mine", start_branch="main")
    shown = {
        one["name"]: one["can_push"]
        for one in dev.get(f"/projects/{made['id']}/repository/branches").json()
    }
    assert shown == {"main": False, "mine": True}
    mine = owner.get(f"/projects/{made['id']}/repository/branches/main").json()
    assert (mine["can_push"], mine["protected"], mine["developers_can_push"]) == (True, True, False)


def test_a_developer_changes_no_settings(world: World) -> None:
    owner, dev, other = world.person(), world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", dev, 30)
    path = f"/projects/{made['id']}"
    for answer in (
        dev.put(path, description="x"),
        dev.post(f"{path}/members", user_id=other.id, access_level=10),
        dev.post(f"{path}/invitations", email="x@example.org", access_level=10),
        dev.get(f"{path}/hooks"),
        dev.post(f"{path}/protected_branches", name="x"),
        dev.delete(path),
    ):
        assert answer.status_code == 403


def test_a_maintainer_runs_a_project_but_does_not_own_it(world: World) -> None:
    owner, maintainer, other = world.person(), world.person(), world.person()
    made = world.filled(owner)
    path = f"/projects/{made['id']}"
    world.member(owner, f"projects/{made['id']}", maintainer, 40)
    assert maintainer.put(path, description="x").status_code == 200
    assert maintainer.post(f"{path}/protected_branches", name="stable").status_code == 201
    assert maintainer.post(f"{path}/members", user_id=other.id, access_level=30).status_code == 201
    assert maintainer.put(f"{path}/members/{other.id}", access_level=50).status_code == 403
    assert maintainer.put(f"{path}/members/{owner.id}", access_level=30).status_code == 403
    assert maintainer.delete(f"{path}/members/{owner.id}").status_code == 403
    assert maintainer.put(path, visibility="public").status_code == 403
    assert maintainer.delete(path).status_code == 403


def test_a_role_is_inherited_from_every_group_above(world: World) -> None:
    owner, dev = world.person(), world.person()
    top = world.group(owner)
    below = world.group(owner, parent_id=top["id"])
    made = world.filled(owner, namespace_id=below["id"])
    assert below["full_path"] == f"{top['full_path']}/{below['path']}"
    world.member(owner, f"groups/{top['id']}", dev, 30)
    path = f"/projects/{made['id']}"
    assert dev.get(path).json()["permissions"]["group_access"]["access_level"] == 30
    assert [one["id"] for one in owner.get(f"{path}/members").json()] == []
    everybody = {one["id"]: one["access_level"] for one in owner.get(f"{path}/members/all").json()}
    assert everybody == {owner.id: 50, dev.id: 30}
    world.member(owner, f"projects/{made['id']}", dev, 40)
    assert dev.get(f"{path}/members/all/{dev.id}").json()["access_level"] == 40


def test_a_removed_member_is_a_stranger_again(world: World) -> None:
    owner, dev = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", dev, 30)
    assert dev.get(f"/projects/{made['id']}").status_code == 200
    assert dev.delete(f"/projects/{made['id']}/members/{dev.id}").status_code == 204
    assert dev.get(f"/projects/{made['id']}").status_code == 404


def test_a_membership_ends_on_its_day(world: World) -> None:
    owner, dev = world.person(), world.person()
    made = world.filled(owner)
    today = datetime.now(UTC).date()
    path = f"projects/{made['id']}"
    world.member(owner, path, dev, 30, expires_at=(today + timedelta(days=1)).isoformat())
    assert dev.get(f"/{path}").status_code == 200
    owner.put(f"/{path}/members/{dev.id}", access_level=30, expires_at=today.isoformat())
    assert dev.get(f"/{path}").status_code == 404
    assert dev.id not in [one["id"] for one in owner.get(f"/{path}/members/all").json()]
    world.member(owner, path, dev, 20)
    assert dev.get(f"/{path}").status_code == 200
