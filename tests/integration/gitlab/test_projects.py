"""PROJ-1 … PROJ-24, VIS-1, VIS-2, ERR-2, ERR-3, ERR-7."""

from __future__ import annotations

import pytest
import requests

from tests.integration.gitlab.world import World, commit, create, encoded, try_commit, until

TAKEN = ["has already been taken"]


def test_a_new_project_is_private_empty_and_in_the_own_namespace(world: World) -> None:
    person = world.person()
    made = world.project(person, name="My First Data.Set")
    assert made["path"] == "my-first-data-set"
    assert made["visibility"] == "private"
    assert made["namespace"]["kind"] == "user"
    assert made["owner"]["id"] == person.id
    assert made["empty_repo"] is True
    assert made["default_branch"] == "main"
    assert made["http_url_to_repo"] == made["web_url"] + ".git"
    assert made["readme_url"] is None
    assert made["_links"]["self"].endswith(f"/api/v4/projects/{made['id']}")
    assert "permissions" not in made


def test_with_only_a_path_the_name_is_the_path(world: World) -> None:
    assert world.person().made("/projects", path="just-a-path")["name"] == "just-a-path"


def test_neither_name_nor_path_is_a_parameter_error(world: World) -> None:
    answer = world.person().post("/projects", description="x")
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "name, path are missing, at least one parameter must be provided"
    }


def test_a_taken_path_is_400_under_name_and_path(world: World) -> None:
    person = world.person()
    world.project(person, name="twice")
    answer = person.post("/projects", name="twice")
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert message["name"] == message["path"] == message["project_namespace.name"] == TAKEN


@pytest.mark.parametrize("path", ("-x", "x.git", "x.atom", "a b", "ä", "a/b"))
def test_malformed_paths_are_refused(world: World, path: str) -> None:
    answer = world.person().post("/projects", name="fine", path=path)
    assert answer.status_code == 400
    assert "path" in answer.json()["message"]


@pytest.mark.parametrize("path", ("tree", "wikis", "blob", "create_dir", "-"))
def test_reserved_paths_are_refused(world: World, path: str) -> None:
    answer = world.person().post("/projects", name="fine", path=path)
    assert f"{path} is a reserved name" in answer.json()["message"]["path"]


def test_an_unknown_visibility_is_a_parameter_error(world: World) -> None:
    answer = world.person().post("/projects", name="x", visibility="secret")
    assert answer.json() == {"error": "visibility does not have a valid value"}


def test_a_namespace_without_rights_is_not_valid(world: World) -> None:
    group = world.group(world.person())
    for namespace_id in (group["id"], 10**9):
        answer = world.person().post("/projects", name="x", namespace_id=namespace_id)
        assert answer.status_code == 400
        assert answer.json()["message"]["namespace"] == ["is not valid"]


def test_a_group_project_has_no_owner_key(world: World) -> None:
    person = world.person()
    group = world.group(person)
    made = world.project(person, namespace_id=group["id"])
    assert made["namespace"]["kind"] == "group"
    assert "owner" not in made


def test_initialize_with_readme_makes_a_commit_and_protects_the_branch(world: World) -> None:
    person = world.person()
    made = world.project(person, initialize_with_readme=True)
    assert made["readme_url"].endswith("/-/blob/main/README.md")
    assert made["empty_repo"] is False
    assert [
        rule["name"] for rule in person.get(f"/projects/{made['id']}/protected_branches").json()
    ] == ["main"]


def test_an_empty_repository_has_no_tree(world: World) -> None:
    person = world.person()
    answer = person.get(f"/projects/{world.project(person)['id']}/repository/tree")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Tree Not Found"})


def test_a_project_is_found_by_encoded_path_only(world: World) -> None:
    person = world.person()
    made = world.project(person)
    assert (
        person.get(f"/projects/{encoded(made['path_with_namespace'])}").json()["id"] == made["id"]
    )
    answer = person.get(f"/projects/{made['path_with_namespace']}")
    assert (answer.status_code, answer.json()) == (404, {"error": "404 Not Found"})


def test_permissions_are_shown_when_read(world: World) -> None:
    owner, dev = world.person(), world.person()
    group = world.group(owner)
    world.member(owner, f"groups/{group['id']}", dev, 30)
    made = world.project(owner, namespace_id=group["id"])
    access = {"access_level": 30, "notification_level": 3}
    assert dev.get(f"/projects/{made['id']}").json()["permissions"] == {
        "project_access": None,
        "group_access": access,
    }
    assert dev.get("/projects").json()[0]["permissions"]["group_access"] == access


def test_a_change_of_nothing_is_a_parameter_error(world: World) -> None:
    person = world.person()
    answer = person.put(f"/projects/{world.project(person)['id']}")
    assert answer.status_code == 400
    assert "are missing, at least one parameter must be provided" in answer.json()["error"]


def test_topics_come_back_sorted_and_as_tag_list(world: World) -> None:
    person = world.person()
    made = world.project(person, topics=["weld", "album"])
    assert made["topics"] == made["tag_list"] == ["album", "weld"]
    changed = person.put(f"/projects/{made['id']}", topics=["zebra"]).json()
    assert changed["topics"] == ["zebra"]
    names = [topic["name"] for topic in world.nobody.get("/topics", search="zebra").json()]
    assert names == ["zebra"]
    assert person.post("/topics", name="t", title="T").status_code == 403


def test_statistics_come_on_request_only(world: World) -> None:
    person = world.person()
    made = world.filled(person)
    assert "statistics" not in person.get(f"/projects/{made['id']}").json()
    numbers = person.get(f"/projects/{made['id']}", statistics=True).json()["statistics"]
    assert numbers["commit_count"] == 1
    assert numbers["repository_size"] > 0


def test_an_old_path_leads_on_for_reading(world: World) -> None:
    person = world.person()
    made = world.project(person)
    person.put(f"/projects/{made['id']}", path="renamed-thing")
    answer = person.get(f"/projects/{encoded(made['path_with_namespace'])}")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{world.url}/api/v4/projects/{made['id']}"
    assert (
        person.put(f"/projects/{encoded(made['path_with_namespace'])}", name="x").status_code == 405
    )


def test_an_archived_project_is_read_only(world: World) -> None:
    owner, maintainer = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", maintainer, 40)
    assert maintainer.post(f"/projects/{made['id']}/archive").status_code == 403
    answer = owner.post(f"/projects/{made['id']}/archive")
    assert (answer.status_code, answer.json()["archived"]) == (201, True)
    assert try_commit(owner, made["id"], create("c.txt")).status_code == 403
    assert owner.post(f"/projects/{made['id']}/unarchive").json()["archived"] is False
    commit(owner, made["id"], create("c.txt"))


def test_a_deleted_project_is_gone_and_its_path_is_free(world: World) -> None:
    person = world.person()
    made = world.filled(person)
    answer = person.delete(f"/projects/{made['id']}")
    assert (answer.status_code, answer.json()) == (202, {"message": "202 Accepted"})
    assert person.get(f"/projects/{made['id']}").status_code == 404
    assert world.project(person, name=made["name"], path=made["path"])["id"] > made["id"]


def test_a_star_counts_once(world: World) -> None:
    person = world.person()
    made = world.project(person)
    answer = person.post(f"/projects/{made['id']}/star")
    assert (answer.status_code, answer.json()["star_count"]) == (201, 1)
    again = person.post(f"/projects/{made['id']}/star")
    assert (again.status_code, again.content) == (304, b"")
    assert person.post(f"/projects/{made['id']}/unstar").json()["star_count"] == 0


def test_a_fork_fills_itself_and_a_second_one_is_a_conflict(world: World) -> None:
    owner, other = world.person(), world.person()
    source = world.filled(owner, visibility="public")
    fork = other.made(f"/projects/{source['id']}/fork")
    assert fork["forked_from_project"]["id"] == source["id"]
    assert fork["import_status"] in {"scheduled", "started", "finished"}
    until(lambda: other.get(f"/projects/{fork['id']}").json()["import_status"] == "finished")
    paths = [entry["path"] for entry in other.get(f"/projects/{fork['id']}/repository/tree").json()]
    assert paths == ["docs", "a.txt"]
    assert owner.get(f"/projects/{source['id']}").json()["forks_count"] == 1
    assert other.post(f"/projects/{source['id']}/fork").status_code == 409


def test_sharing_lends_a_group_at_most_its_own_roles(world: World) -> None:
    owner, dev, guest = world.person(), world.person(), world.person()
    group = world.group(owner)
    world.member(owner, f"groups/{group['id']}", dev, 40)
    world.member(owner, f"groups/{group['id']}", guest, 10)
    made = world.filled(owner)
    share = f"/projects/{made['id']}/share"
    assert dev.get(f"/projects/{made['id']}").status_code == 404
    link = owner.made(share, group_id=group["id"], group_access=30)
    assert (link["group_id"], link["group_access"]) == (group["id"], 30)
    shown = owner.get(f"/projects/{made['id']}").json()["shared_with_groups"]
    assert [
        (one["group_id"], one["group_full_path"], one["group_access_level"]) for one in shown
    ] == [(group["id"], group["full_path"], 30)]
    levels = {
        one["id"]: one["access_level"]
        for one in owner.get(f"/projects/{made['id']}/members/all").json()
    }
    assert (levels[dev.id], levels[guest.id], levels[owner.id]) == (30, 10, 50)
    assert owner.post(share, group_id=group["id"], group_access=30).status_code == 409
    assert owner.delete(f"{share}/{group['id']}").status_code == 204
    assert dev.get(f"/projects/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("group", "project"), (("private", "public"), ("private", "internal"), ("internal", "public"))
)
def test_a_project_is_not_more_visible_than_its_group(
    world: World, group: str, project: str
) -> None:
    person = world.person()
    made = world.group(person, visibility=group)
    expected = {"message": {"visibility_level": [f"{project} is not allowed in a {group} group."]}}
    answer = person.post("/projects", name="x", namespace_id=made["id"], visibility=project)
    assert (answer.status_code, answer.json()) == (400, expected)
    inside = world.project(person, namespace_id=made["id"])
    answer = person.put(f"/projects/{inside['id']}", visibility=project)
    assert (answer.status_code, answer.json()) == (400, expected)


def test_a_personal_namespace_is_no_ceiling(world: World) -> None:
    assert world.project(world.person(), visibility="public")["visibility"] == "public"


def test_parameters_come_as_json_form_or_query(world: World) -> None:
    person = world.person()
    head = {"PRIVATE-TOKEN": person.token}
    form = [("name", "by form"), ("topics[]", "one"), ("topics[]", "two")]
    made = requests.post(f"{world.url}/api/v4/projects", data=form, headers=head, timeout=10).json()
    assert made["topics"] == ["one", "two"]
    made = requests.post(
        f"{world.url}/api/v4/projects", params={"name": "by query"}, headers=head, timeout=10
    ).json()
    assert made["path"] == "by-query"


def test_moving_a_project_keeps_its_id_and_leads_on(world: World) -> None:
    person = world.person()
    group = world.group(person)
    made = world.filled(person, visibility="public")
    moved = person.put(f"/projects/{made['id']}/transfer", namespace=group["full_path"]).json()
    assert moved["path_with_namespace"] == f"{group['full_path']}/{made['path']}"
    assert moved["visibility"] == "private"
    assert person.get(f"/projects/{encoded(made['path_with_namespace'])}").status_code == 301
