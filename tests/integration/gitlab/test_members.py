"""MEMB-1 … MEMB-11 and GRP-1 … GRP-7."""

from __future__ import annotations

import pytest

from tests.integration.gitlab.world import PASSWORD, World, encoded


def test_a_member_is_added_changed_found_and_removed(world: World) -> None:
    owner, dev = world.person(), world.person("margaret")
    path = f"/projects/{world.project(owner)['id']}/members"
    made = owner.made(path, user_id=dev.id, access_level=30, expires_at="2099-01-31")
    assert (made["id"], made["username"], made["access_level"]) == (dev.id, dev.username, 30)
    assert (made["expires_at"], made["created_by"]["id"]) == ("2099-01-31", owner.id)
    assert owner.put(f"{path}/{dev.id}", access_level=40).json()["access_level"] == 40
    assert [one["id"] for one in owner.get(path, query="margar").json()] == [dev.id]
    assert owner.delete(f"{path}/{dev.id}").status_code == 204
    assert owner.get(f"{path}/{dev.id}").status_code == 404


def test_a_member_is_added_by_user_name(world: World) -> None:
    owner, dev = world.person(), world.person()
    path = f"/projects/{world.project(owner)['id']}/members"
    assert owner.made(path, username=dev.username, access_level=20)["id"] == dev.id


def test_wrong_memberships_are_refused(world: World) -> None:
    owner, dev = world.person(), world.person()
    path = f"/projects/{world.project(owner)['id']}/members"
    answer = owner.post(path, user_id=dev.id, access_level=33)
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": {"access_level": ["is not included in the list"]}},
    )
    assert owner.post(path, user_id=dev.id).json() == {"error": "access_level is missing"}
    answer = owner.post(path, user_id=999_999, access_level=30)
    assert (answer.status_code, answer.json()) == (404, {"message": "404 User Not Found"})
    owner.made(path, user_id=dev.id, access_level=30)
    answer = owner.post(path, user_id=dev.id, access_level=30)
    assert (answer.status_code, answer.json()) == (409, {"message": "Member already exists"})


def test_the_creator_of_a_personal_project_is_its_owner_and_stays(world: World) -> None:
    owner = world.person()
    path = f"/projects/{world.project(owner)['id']}/members"
    assert [(one["id"], one["access_level"]) for one in owner.get(path).json()] == [(owner.id, 50)]
    assert owner.delete(f"{path}/{owner.id}").status_code == 403


def test_a_level_below_the_inherited_one_is_refused(world: World) -> None:
    owner, dev = world.person(), world.person()
    group = world.group(owner)
    project = world.project(owner, namespace_id=group["id"])
    world.member(owner, f"groups/{group['id']}", dev, 30)
    answer = owner.post(f"/projects/{project['id']}/members", user_id=dev.id, access_level=20)
    assert answer.status_code == 400
    assert "inherited membership" in answer.json()["message"]["access_level"][0]


def test_addresses_are_invited_and_listed_and_withdrawn(world: World) -> None:
    owner = world.person()
    path = f"/projects/{world.project(owner)['id']}"
    answer = owner.post(
        f"{path}/invitations", email="one@example.org,two+x@example.org", access_level=30
    )
    assert (answer.status_code, answer.json()) == (201, {"status": "success"})
    assert [one["invite_email"] for one in owner.get(f"{path}/invitations").json()] == [
        "one@example.org",
        "two+x@example.org",
    ]
    assert [one["id"] for one in owner.get(f"{path}/members").json()] == [owner.id]
    assert owner.delete(f"{path}/invitations/{encoded('two+x@example.org')}").status_code == 204
    assert len(owner.get(f"{path}/invitations").json()) == 1
    again = owner.post(f"{path}/invitations", email="one@example.org", access_level=30)
    assert (again.status_code, again.json()["status"]) == (201, "error")


def test_the_address_of_an_account_makes_a_member_at_once(world: World) -> None:
    owner, dev = world.person(), world.person()
    path = f"/projects/{world.project(owner)['id']}"
    invitation = {"email": f"{dev.username}@example.org"}
    assert owner.made(f"{path}/invitations", **invitation, access_level=20) == {"status": "success"}
    assert owner.get(f"{path}/members/{dev.id}").json()["access_level"] == 20
    owner.made(f"{path}/invitations", **invitation, access_level=30)
    assert owner.get(f"{path}/members/{dev.id}").json()["access_level"] == 30


def test_garbage_is_no_address(world: World) -> None:
    owner = world.person()
    answer = owner.post(
        f"/projects/{world.project(owner)['id']}/invitations", email="garbage", access_level=30
    )
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "email contains an invalid email address"},
    )


def test_whoever_registers_with_an_invited_address_is_a_member(world: World) -> None:
    owner = world.person()
    project = world.project(owner)
    address = f"late-{project['id']}@example.org"
    owner.made(f"/projects/{project['id']}/invitations", email=address, access_level=30)
    username = f"late{project['id']}"
    user = world.root.made(
        "/users", email=address, username=username, name="Late", password=PASSWORD
    )
    assert owner.get(f"/projects/{project['id']}/members/{user['id']}").json()["access_level"] == 30
    assert owner.get(f"/projects/{project['id']}/invitations").json() == []


def test_the_creator_of_a_group_owns_it(world: World) -> None:
    owner = world.person()
    group = world.group(owner)
    path = f"/groups/{group['id']}"
    assert [(one["id"], one["access_level"]) for one in owner.get(f"{path}/members").json()] == [
        (owner.id, 50)
    ]
    assert owner.delete(f"{path}/members/{owner.id}").status_code == 403


def test_a_group_is_found_by_id_and_by_encoded_path(world: World) -> None:
    owner = world.person()
    top = world.group(owner)
    below = world.group(owner, parent_id=top["id"])
    for key in (below["id"], encoded(below["full_path"])):
        assert owner.get(f"/groups/{key}").json()["id"] == below["id"]
    assert [one["id"] for one in owner.get(f"/groups/{top['id']}/subgroups").json()] == [
        below["id"]
    ]


@pytest.mark.parametrize("path", ("api", "users", "dashboard"))
def test_a_reserved_or_taken_group_path_is_told_in_one_sentence(world: World, path: str) -> None:
    owner = world.person()
    answer = owner.post("/groups", name="x", path=path)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Failed to save group {")
    taken = owner.post("/groups", name="x", path=owner.username)
    assert "has already been taken" in taken.json()["message"]


def test_projects_of_subgroups_are_listed_on_request(world: World) -> None:
    owner = world.person()
    top = world.group(owner)
    below = world.group(owner, parent_id=top["id"])
    one = world.project(owner, namespace_id=top["id"])
    two = world.project(owner, namespace_id=below["id"])
    path = f"/groups/{top['id']}/projects"
    assert [project["id"] for project in owner.get(path).json()] == [one["id"]]
    listed = owner.get(path, include_subgroups=True, order_by="id", sort="asc").json()
    assert [project["id"] for project in listed] == [one["id"], two["id"]]


def test_groups_are_narrowed_by_text_and_level(world: World) -> None:
    owner, dev = world.person(), world.person()
    group = world.group(owner)
    world.member(owner, f"groups/{group['id']}", dev, 30)
    assert [one["id"] for one in dev.get("/groups", search=group["name"].upper()).json()] == [
        group["id"]
    ]
    assert dev.get("/groups", owned=True).json() == []
    assert [one["id"] for one in dev.get("/groups", min_access_level=30).json()] == [group["id"]]
    assert dev.get("/groups", min_access_level=40).json() == []


def test_namespaces_are_the_own_one_and_the_groups(world: World) -> None:
    owner = world.person()
    group = world.group(owner)
    assert [one["full_path"] for one in owner.get("/namespaces").json()] == [
        owner.username,
        group["full_path"],
    ]
    assert owner.get(f"/namespaces/{encoded(group['full_path'])}").json()["kind"] == "group"
    answer = owner.get("/namespaces/nothing-here")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Namespace Not Found"})
    assert owner.get(f"/namespaces/{group['path']}/exists").json()["exists"] is True


def test_a_group_is_not_less_visible_than_what_it_holds(world: World) -> None:
    owner = world.person()
    group = world.group(owner, visibility="public")
    world.project(owner, namespace_id=group["id"], visibility="public")
    answer = owner.put(f"/groups/{group['id']}", visibility="private")
    assert answer.status_code == 400
    assert "higher visibility" in answer.json()["message"]["visibility_level"][0]


def test_renaming_a_group_moves_everything_below(world: World) -> None:
    owner = world.person()
    top = world.group(owner)
    below = world.group(owner, parent_id=top["id"])
    project = world.project(owner, namespace_id=below["id"])
    owner.put(f"/groups/{top['id']}", path=f"{top['path']}x")
    moved = owner.get(f"/projects/{project['id']}").json()
    assert moved["path_with_namespace"] == f"{top['path']}x/{below['path']}/{project['path']}"


def test_a_deleted_group_takes_its_projects_along(world: World) -> None:
    owner = world.person()
    top = world.group(owner)
    below = world.group(owner, parent_id=top["id"])
    project = world.project(owner, namespace_id=below["id"])
    assert owner.delete(f"/groups/{top['id']}").status_code == 202
    for path in (f"/groups/{top['id']}", f"/groups/{below['id']}", f"/projects/{project['id']}"):
        assert owner.get(path).status_code == 404
    assert owner.made("/groups", name="again", path=top["path"])["full_path"] == top["path"]


def test_a_group_shared_with_another_lends_its_projects(world: World) -> None:
    owner, other, guest = world.person(), world.person(), world.person()
    mine, theirs = world.group(owner), world.group(other, visibility="public")
    world.member(other, f"groups/{theirs['id']}", guest, 10)
    project = world.filled(owner, namespace_id=mine["id"])
    owner.made(f"/groups/{mine['id']}/share", group_id=theirs["id"], group_access=30)
    assert (
        other.get(f"/projects/{project['id']}").json()["permissions"]["group_access"][
            "access_level"
        ]
        == 30
    )
    levels = {
        one["id"]: one["access_level"]
        for one in owner.get(f"/projects/{project['id']}/members/all").json()
    }
    assert levels == {owner.id: 50, other.id: 30, guest.id: 10}
