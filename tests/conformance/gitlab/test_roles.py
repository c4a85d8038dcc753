"""Who sees what, and what each role may do."""

from __future__ import annotations

import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    Person,
    Place,
    commit,
    create,
    ids,
    join,
    of,
    repository,
    told,
    try_commit,
    unique,
    until,
)

READING = (
    "/repository/tree",
    "/repository/files/a.txt?ref=main",
    "/repository/commits",
    "/repository/branches",
    "/repository/tags",
    "/repository/archive.tar.gz",
)
reading = pytest.mark.parametrize("path", READING)


@pytest.mark.parametrize(
    ("group", "project"), (("private", "public"), ("private", "internal"), ("internal", "public"))
)
def test_vis_1_a_project_is_not_more_visible_than_its_group(
    place: Place, owner: Person, group: str, project: str
) -> None:
    above = place.group(owner, visibility=group)
    wanted = (400, {"visibility_level": [f"{project} is not allowed in a {group} group."]})
    body = {"name": unique("x"), "namespace_id": above["id"], "visibility": project}
    assert told(owner.post("/projects", **body)) == wanted
    inside = place.project(owner, namespace_id=above["id"], visibility="private")
    assert told(owner.put(of(inside), visibility=project)) == wanted


def test_vis_2_a_personal_namespace_is_no_ceiling(place: Place, owner: Person) -> None:
    made = place.project(owner, visibility="private")
    assert owner.put(of(made), visibility="public").json()["visibility"] == "public"


def test_vis_3_a_fork_is_not_more_visible_than_its_source(place: Place, owner: Person) -> None:
    source = place.filled(owner)
    fork = owner.made(f"{of(source)}/fork", path=unique("fork"), name=unique("fork"))
    until(lambda: owner.read(of(fork))["import_status"] == "finished")
    text = "public is not allowed since the fork source project has lower visibility."
    assert told(owner.put(of(fork), visibility="public")) == (400, {"visibility_level": [text]})


def test_vis_4_a_private_project_is_for_members(crew: Crew, place: Place, stranger: Person) -> None:
    for member in (crew.owner, crew.maintainer, crew.developer, crew.reporter, crew.guest):
        assert member.get(of(crew.project)).status_code == 200
    for other in (stranger, place.nobody):
        assert told(other.get(of(crew.project))) == (404, "404 Project Not Found")


def test_vis_5_an_internal_project_is_for_all_who_signed_in(
    place: Place, owner: Person, stranger: Person
) -> None:
    made = place.filled(owner, visibility="internal")
    for path in READING[:5]:
        assert stranger.get(f"{of(made)}{path}").status_code == 200
    assert place.nobody.get(of(made)).status_code == 404


def test_vis_6_a_public_project_is_read_by_everybody(place: Place, owner: Person) -> None:
    made = place.filled(owner, visibility="public")
    for path in READING:
        assert place.nobody.get(f"{of(made)}{path}").status_code == 200, path
    assert try_commit(place.nobody, made, create("x")).status_code == 401


def test_vis_7_a_hidden_group_is_404(place: Place, owner: Person, stranger: Person) -> None:
    group = place.group(owner, visibility="private")
    assert told(stranger.get(f"/groups/{group['id']}")) == (404, "404 Group Not Found")
    assert told(place.nobody.get(f"/groups/{group['id']}")) == (404, "404 Group Not Found")


def test_perm_1_what_is_seen_and_not_allowed_is_403(crew: Crew) -> None:
    assert told(crew.reporter.put(of(crew.project), description="x")) == (403, "403 Forbidden")


@reading
def test_perm_2_a_guest_of_a_private_project_reads_no_code(crew: Crew, path: str) -> None:
    assert crew.guest.get(of(crew.project)).status_code == 200
    assert told(crew.guest.get(f"{of(crew.project)}{path}"))[0] == 403


def test_perm_2_a_guest_of_a_public_project_reads_code(place: Place, owner: Person) -> None:
    guest = place.person()
    made = place.filled(owner, visibility="public")
    join(owner, of(made), guest, 10)
    for path in READING:
        assert guest.get(f"{of(made)}{path}").status_code == 200


def test_perm_3_without_code_its_fields_are_absent(crew: Crew) -> None:
    fields = {"default_branch", "readme_url", "forks_count"}
    assert fields <= set(crew.reporter.read(of(crew.project)))
    assert not fields & set(crew.guest.read(of(crew.project)))


def test_perm_4_a_reporter_reads_and_never_pushes(crew: Crew) -> None:
    made, reporter = crew.project, crew.reporter
    for path in READING:
        assert reporter.get(f"{of(made)}{path}").status_code == 200
    answer = try_commit(reporter, made, create("x"), branch="mine", start_branch="main")
    assert answer.status_code == 403
    assert reporter.post(f"{repository(made)}/branches", branch="b", ref="main").status_code == 403
    assert reporter.post(f"{repository(made)}/tags", tag_name="t", ref="main").status_code == 403


def test_perm_5_the_default_branch_protects_itself(place: Place, owner: Person) -> None:
    made = place.project(owner)
    assert owner.read(f"{of(made)}/protected_branches") == []
    commit(owner, made, create("x"))
    until(lambda: owner.read(f"{of(made)}/protected_branches"))
    (rule,) = owner.read(f"{of(made)}/protected_branches")
    assert (rule["name"], rule["allow_force_push"]) == ("main", False)
    assert [one["access_level"] for one in rule["push_access_levels"]] == [40]


def test_perm_6_a_developer_writes_beside_protected_branches(crew: Crew) -> None:
    dev, made = crew.developer, crew.project
    branch = unique("topic")
    commit(dev, made, create("x"), branch=branch, start_branch="main")
    dev.made(f"{repository(made)}/tags", tag_name=unique("v"), ref=branch)
    refused = try_commit(dev, made, create("x"))
    assert told(refused) == (403, "403 Forbidden - You are not allowed to push into this branch")


def test_perm_7_the_files_api_refuses_with_400(crew: Crew) -> None:
    body = {"branch": "main", "commit_message": "m", "content": "c"}
    answer = crew.developer.post(f"{repository(crew.project)}/files/x", **body)
    assert told(answer) == (400, "You are not allowed to push into this branch")


def test_perm_8_can_push_is_for_who_asks(crew: Crew) -> None:
    path = f"{repository(crew.project)}/branches/main"
    people = (crew.owner, crew.maintainer, crew.developer, crew.reporter)
    assert [one.read(path)["can_push"] for one in people] == [True, True, False, False]


def test_perm_9_a_developer_changes_no_settings(crew: Crew, stranger: Person) -> None:
    dev, path = crew.developer, of(crew.project)
    for answer in (
        dev.put(path, description="x"),
        dev.post(f"{path}/members", user_id=stranger.id, access_level=10),
        dev.post(f"{path}/invitations", email="x@example.org", access_level=10),
        dev.get(f"{path}/hooks"),
        dev.post(f"{path}/hooks", url="https://example.org/"),
        dev.post(f"{path}/protected_branches", name="x"),
        dev.delete(path),
    ):
        assert answer.status_code == 403, answer.request.url


def test_perm_10_a_maintainer_runs_a_project_without_owning_it(place: Place, crew: Crew) -> None:
    maintainer, path = crew.maintainer, of(crew.project)
    assert maintainer.put(path, description="x").status_code == 200
    name = unique("stable")
    assert maintainer.post(f"{path}/protected_branches", name=name).status_code == 201
    other = place.person()
    join(maintainer, path, other, 30)
    assert maintainer.delete(f"{path}/members/{other.id}").status_code == 204
    assert maintainer.put(path, visibility="public").status_code == 403
    assert maintainer.post(f"{path}/archive").status_code == 403
    group = place.group(maintainer)
    assert maintainer.put(f"{path}/transfer", namespace=group["id"]).status_code == 403
    assert maintainer.delete(path).status_code == 403


def test_perm_11_a_maintainer_makes_and_unmakes_no_owners(crew: Crew, stranger: Person) -> None:
    path = f"{of(crew.project)}/members"
    body = {"user_id": stranger.id, "access_level": 50}
    assert crew.maintainer.post(path, **body).status_code == 403
    owner = f"{path}/{crew.owner.id}"
    assert crew.maintainer.put(f"{path}/{crew.developer.id}", access_level=50).status_code == 403
    assert crew.maintainer.put(owner, access_level=30).status_code == 403
    assert crew.maintainer.delete(owner).status_code == 403


def test_perm_12_memb_8_a_role_comes_from_above_and_the_highest_counts(
    place: Place, owner: Person
) -> None:
    member = place.person()
    top = place.group(owner)
    below = place.group(owner, parent_id=top["id"])
    made = place.filled(owner, namespace_id=below["id"])
    join(owner, f"/groups/{top['id']}", member, 30)
    assert member.read(of(made))["permissions"]["group_access"]["access_level"] == 30
    assert owner.read(f"{of(made)}/members") == []
    everybody = owner.read(f"{of(made)}/members/all")
    assert {one["id"]: one["access_level"] for one in everybody} == {owner.id: 50, member.id: 30}
    join(owner, of(made), member, 40)
    assert ids(owner.read(f"{of(made)}/members")) == [member.id]
    assert owner.read(f"{of(made)}/members/all/{member.id}")["access_level"] == 40


def test_perm_13_whoever_is_removed_is_a_stranger_again(place: Place, owner: Person) -> None:
    member = place.person()
    made = place.project(owner)
    join(owner, of(made), member, 30)
    assert member.get(of(made)).status_code == 200
    assert owner.delete(f"{of(made)}/members/{member.id}").status_code == 204
    until(lambda: member.get(of(made)).status_code == 404)


def test_perm_14_a_member_leaves(place: Place, owner: Person) -> None:
    member = place.person()
    made = place.project(owner)
    join(owner, of(made), member, 20)
    assert member.delete(f"{of(made)}/members/{member.id}").status_code == 204
    until(lambda: member.get(of(made)).status_code == 404)
