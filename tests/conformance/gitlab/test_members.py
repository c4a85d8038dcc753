"""Members, invitations, groups, namespaces."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import gitlab.exceptions
import pytest

from tests.conformance.gitlab.place import (
    Json,
    Person,
    Place,
    encoded,
    ids,
    join,
    of,
    told,
    unique,
    until,
    wrong,
)

DAY = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


@pytest.fixture
def project(place: Place, owner: Person) -> Json:
    return place.project(owner)


def test_memb_1_a_member_is_added_changed_found_and_removed(
    place: Place, owner: Person, project: Json
) -> None:
    member = place.person("margaret")
    path = f"{of(project)}/members"
    made = join(owner, of(project), member, 30)
    assert (made["id"], made["username"], made["access_level"]) == (member.id, member.username, 30)
    assert made["expires_at"] is None
    assert made["created_by"]["id"] == owner.id
    assert {"name", "state", "avatar_url", "web_url", "created_at"} <= set(made)
    changed = owner.put(f"{path}/{member.id}", access_level=40)
    assert (changed.status_code, changed.json()["access_level"]) == (200, 40)
    assert ids(owner.read(path, query=member.username)) == [member.id]
    assert owner.read(path, query=unique("none")) == []
    assert owner.delete(f"{path}/{member.id}").status_code == 204
    assert owner.get(f"{path}/{member.id}").status_code == 404


def test_memb_1_the_library_keeps_members(project: Json, owner: Person, stranger: Person) -> None:
    members = owner.library.projects.get(project["id"]).members
    made = members.create({"user_id": stranger.id, "access_level": 20})
    made.access_level = 30
    made.save()
    assert members.get(stranger.id).access_level == 30
    members.delete(stranger.id)
    with pytest.raises(gitlab.exceptions.GitlabGetError):
        members.get(stranger.id)


def test_memb_2_a_member_is_added_once(place: Place, owner: Person, project: Json) -> None:
    member = place.person()
    join(owner, of(project), member, 30)
    answer = owner.post(f"{of(project)}/members", user_id=member.id, access_level=30)
    assert told(answer) == (409, "Member already exists")


def test_memb_3_an_unknown_account_is_named(owner: Person, project: Json) -> None:
    answer = owner.post(f"{of(project)}/members", user_id=999999999, access_level=30)
    assert told(answer) == (404, "404 User Not Found")


def test_memb_4_an_unknown_level_is_refused(owner: Person, stranger: Person, project: Json) -> None:
    answer = owner.post(f"{of(project)}/members", user_id=stranger.id, access_level=33)
    assert answer.status_code == 400
    assert "access_level" in answer.text


def test_memb_5_a_membership_ends_on_a_day(owner: Person, stranger: Person, project: Json) -> None:
    made = join(owner, of(project), stranger, 30, expires_at=DAY)
    assert made["expires_at"] == DAY
    path = f"{of(project)}/members/{stranger.id}"
    assert owner.read(path)["expires_at"] == DAY
    assert owner.delete(path).status_code == 204


def test_memb_5_a_membership_that_ends_today_is_made_and_over(
    place: Place, owner: Person, project: Json
) -> None:
    """app/models/concerns/expirable.rb: on that day it is over; app/validators/future_date_validator.rb allows it."""
    person, today = place.person(), datetime.now(UTC).date().isoformat()
    path = f"{of(project)}/members"
    answer = owner.post(path, user_id=person.id, access_level=30, expires_at=today)
    assert (answer.status_code, answer.json()["expires_at"]) == (201, today)
    assert person.get(of(project)).status_code == 404


def test_memb_6_addresses_are_invited_listed_and_withdrawn(owner: Person, project: Json) -> None:
    one, two = f"{unique('one')}@example.org", f"{unique('two')}+x@example.org"
    path = f"{of(project)}/invitations"
    answer = owner.post(path, email=f"{one},{two}", access_level=30)
    assert (answer.status_code, answer.json()) == (201, {"status": "success"})
    listed = owner.read(path)
    assert {invited["invite_email"] for invited in listed} == {one, two}
    assert {invited["access_level"] for invited in listed} == {30}
    assert ids(owner.read(f"{of(project)}/members")) == [owner.id]
    assert owner.delete(f"{path}/{encoded(two)}").status_code == 204
    assert [invited["invite_email"] for invited in owner.read(path)] == [one]
    assert owner.delete(f"{path}/{encoded(two)}").status_code == 404


def test_memb_7_the_address_of_an_account_makes_a_member(
    place: Place, owner: Person, project: Json
) -> None:
    member = place.person()
    path = of(project)
    for level in (20, 30):
        made = owner.made(f"{path}/invitations", email=member.email, access_level=level)
        assert made == {"status": "success"}
        assert owner.read(f"{path}/members/{member.id}")["access_level"] == level
    assert owner.read(f"{path}/invitations") == []


def test_memb_9_whoever_makes_a_personal_project_owns_it(owner: Person, project: Json) -> None:
    (only,) = owner.read(f"{of(project)}/members")
    assert (only["id"], only["access_level"]) == (owner.id, 50)


def test_memb_10_garbage_is_no_address(owner: Person, project: Json) -> None:
    answer = owner.post(f"{of(project)}/invitations", email="garbage", access_level=30)
    assert wrong(answer) == "email contains an invalid email address"


def test_memb_11_what_fails_otherwise_is_201_with_a_status(owner: Person, project: Json) -> None:
    address = f"{unique('twice')}@example.org"
    path = f"{of(project)}/invitations"
    owner.made(path, email=address, access_level=30)
    again = owner.made(path, email=address, access_level=30)
    assert again["status"] == "error"
    assert set(again["message"]) == {address}


def test_grp_1_whoever_makes_a_group_owns_it(place: Place, owner: Person) -> None:
    name = unique("mine")
    made = owner.made("/groups", name=name, path=name)
    place.groups.append(made["id"])
    assert (made["path"], made["full_path"], made["parent_id"]) == (name, name, None)
    (only,) = owner.read(f"/groups/{made['id']}/members")
    assert (only["id"], only["access_level"]) == (owner.id, 50)


@pytest.mark.parametrize("path", ("api", "users", "dashboard"))
def test_grp_2_a_reserved_path_is_told_in_one_sentence(owner: Person, path: str) -> None:
    status, text = told(owner.post("/groups", name="x", path=path))
    assert status == 400
    assert str(text).startswith("Failed to save group {")


def test_grp_2_a_taken_path_is_told_in_one_sentence(place: Place, owner: Person) -> None:
    taken = place.group(owner)["path"]
    for path in (taken, owner.username):
        status, text = told(owner.post("/groups", name="x", path=path))
        assert status == 400
        assert re.match(r"Failed to save group \{.*has already been taken", str(text))


def test_grp_3_projects_below_are_listed_on_request(place: Place, owner: Person) -> None:
    top = place.group(owner)
    below = place.group(owner, parent_id=top["id"])
    assert below["full_path"] == f"{top['path']}/{below['path']}"
    assert ids(owner.read(f"/groups/{top['id']}/subgroups")) == [below["id"]]
    one = place.project(owner, namespace_id=top["id"])
    two = place.project(owner, namespace_id=below["id"])
    path = f"/groups/{top['id']}/projects"
    assert ids(owner.read(path)) == [one["id"]]
    assert set(ids(owner.read(path, include_subgroups=True))) == {one["id"], two["id"]}


def test_grp_4_lists_are_narrowed(place: Place, owner: Person) -> None:
    member = place.person()
    group = place.group(owner)
    join(owner, f"/groups/{group['id']}", member, 30)
    assert ids(member.read("/groups", search=group["name"].upper())) == [group["id"]]
    assert ids(member.read("/groups", min_access_level=30)) == [group["id"]]
    assert member.read("/groups", min_access_level=40) == []
    assert member.read("/groups", owned=True) == []
    assert group["id"] in ids(owner.read("/groups", owned=True, per_page=100))


def test_grp_5_a_group_is_found_by_number_and_by_encoded_path(place: Place, owner: Person) -> None:
    top = place.group(owner)
    below = place.group(owner, parent_id=top["id"])
    for key in (below["id"], encoded(below["full_path"])):
        assert owner.read(f"/groups/{key}")["id"] == below["id"]
    assert owner.library.groups.get(below["full_path"]).id == below["id"]
    assert owner.get(f"/groups/{below['full_path']}").status_code == 404


def test_grp_6_namespaces_are_ones_own_and_the_groups(place: Place, stranger: Person) -> None:
    person = place.person()
    group = place.group(person)
    spaces = person.read("/namespaces")
    found = {one["full_path"]: one["kind"] for one in spaces}
    assert found == {person.username: "user", group["full_path"]: "group"}
    assert person.read(f"/namespaces/{encoded(group['full_path'])}")["id"] == group["id"]
    below = place.group(person, parent_id=group["id"])
    assert person.read(f"/namespaces/{encoded(below['full_path'])}")["id"] == below["id"]
    assert group["path"] in {
        one["path"] for one in place.root.read("/namespaces", search=group["path"])
    }
    for caller, path in ((person, unique("none")), (stranger, group["path"])):
        assert told(caller.get(f"/namespaces/{path}")) == (404, "404 Namespace Not Found")


def test_grp_7_a_path_is_free_or_not(place: Place, owner: Person) -> None:
    group = place.group(owner)
    answer = owner.read(f"/namespaces/{group['path']}/exists")
    assert answer["exists"] is True
    assert answer["suggests"]
    assert owner.read(f"/namespaces/{unique('free')}/exists")["exists"] is False


def test_grp_1_a_removed_group_is_gone_or_marked(place: Place, owner: Person) -> None:
    group = place.group(owner)
    assert owner.delete(f"/groups/{group['id']}").status_code == 202

    def gone_or_marked() -> bool:
        shown = owner.get(f"/groups/{group['id']}")
        return shown.status_code == 404 or bool(shown.json().get("marked_for_deletion_on"))

    until(gone_or_marked)
