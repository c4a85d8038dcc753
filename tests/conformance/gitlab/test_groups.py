"""Groups: which are listed, how they are moved and shared, and what members of them are told."""

from __future__ import annotations

from tests.conformance.gitlab.place import (
    Person,
    Place,
    encoded,
    ids,
    join,
    of,
    told,
    unique,
    wrong,
)


def test_grp_4_people_are_shown_their_own_groups_first(
    place: Place, owner: Person, stranger: Person
) -> None:
    """doc/api/groups.md: `all_available` is false by default for all but administrators."""
    group = place.group(owner, visibility="public")
    name = group["name"]
    assert ids(owner.read("/groups", search=name)) == [group["id"]]
    assert stranger.read("/groups", search=name) == []
    assert ids(stranger.read("/groups", search=name, all_available=True)) == [group["id"]]
    assert ids(place.nobody.read("/groups", search=name)) == [group["id"]]
    assert ids(place.root.read("/groups", search=name)) == [group["id"]]
    made = place.project(owner, namespace_id=group["id"])
    join(owner, of(made), stranger, 10)
    assert ids(stranger.read("/groups", search=name)) == [group["id"]]


def test_grp_3_a_subgroup_is_private_unless_told_otherwise(place: Place, owner: Person) -> None:
    """app/services/groups/create_service.rb takes the default of the instance, not the parent's."""
    above = place.group(owner, visibility="public")
    assert place.group(owner, parent_id=above["id"])["visibility"] == "private"


def test_grp_1_a_group_has_what_the_documentation_shows(place: Place, owner: Person) -> None:
    """doc/api/groups.md, "Get a single group"."""
    made = place.group(owner)
    changed = owner.put(f"/groups/{made['id']}", description="x").json()
    for one in (made, changed, owner.read(f"/groups/{made['id']}")):
        assert one["projects"] == one["shared_projects"] == one["shared_with_groups"] == []
        assert one["default_branch_protection_defaults"]["allow_force_push"] is False
        assert one["prevent_sharing_groups_outside_hierarchy"] is False
    assert "projects" not in owner.read(f"/groups/{made['id']}", with_projects=False)


def test_proj_19_a_renamed_group_leaves_the_old_paths_of_its_projects(
    place: Place, owner: Person
) -> None:
    group = place.group(owner)
    made = place.project(owner, namespace_id=group["id"])
    path = unique("renamed")
    assert owner.put(f"/groups/{group['id']}", path=path).json()["full_path"] == path
    assert owner.read(of(made))["path_with_namespace"] == f"{path}/{made['path']}"
    old = owner.get(f"/projects/{encoded(made['path_with_namespace'])}")
    assert old.status_code == 301


def test_a_group_is_moved_with_everything_in_it(place: Place, owner: Person) -> None:
    """doc/api/groups.md, "Transfer a group"; python-gitlab's tests/functional/api/test_groups.py."""
    group, parent = place.group(owner, visibility="public"), place.group(owner)
    made = place.project(owner, namespace_id=group["id"], visibility="public")
    handle = owner.library.groups.get(group["id"])
    handle.transfer(parent["id"])
    moved = owner.read(f"/groups/{group['id']}")
    assert (moved["parent_id"], moved["visibility"]) == (parent["id"], "private")
    shown = owner.read(of(made))
    assert shown["path_with_namespace"] == f"{parent['path']}/{group['path']}/{made['path']}"
    assert shown["visibility"] == "private"
    path = f"/groups/{group['id']}/transfer"
    again = owner.post(path, group_id=parent["id"])
    text = "Transfer failed: Group is already associated to the parent group."
    assert told(again) == (400, text)
    answer = owner.post(f"/groups/{parent['id']}/transfer", group_id=group["id"])
    assert told(answer) == (400, "Transfer failed: Cannot transfer group to one of its subgroup.")
    handle.transfer()
    assert owner.read(f"/groups/{group['id']}")["full_path"] == group["path"]
    assert told(owner.post(path)) == (400, "Transfer failed: Group is already a root group.")


def test_a_group_is_shared_once(place: Place, owner: Person, stranger: Person) -> None:
    """lib/api/groups.rb; app/models/group_group_link.rb."""
    mine, other = place.group(owner), place.group(owner)
    path = f"/groups/{mine['id']}/share"
    shared = owner.made(path, group_id=other["id"], group_access=30)
    assert shared["shared_with_groups"][0]["group_id"] == other["id"]
    again = owner.post(path, group_id=other["id"], group_access=30)
    text = "Shared group The group has already been shared with this group"
    assert told(again) == (409, text)
    assert ids(owner.read(f"/groups/{mine['id']}/invited_groups")) == [other["id"]]
    assert ids(owner.read(f"/groups/{other['id']}/groups/shared")) == [mine["id"]]
    hidden = place.group(stranger)
    answer = owner.post(path, group_id=hidden["id"], group_access=30)
    assert told(answer) == (404, "404 Group Not Found")
    assert owner.delete(f"{path}/{other['id']}").status_code == 204
    assert told(owner.delete(f"{path}/{other['id']}")) == (404, "404 Group Link Not Found")


def test_memb_1_leaving_a_group_ends_what_lies_below(place: Place, owner: Person) -> None:
    """doc/api/group_members.md: `skip_subresources` is false by default."""
    member = place.person()
    group = place.group(owner)
    made = place.project(owner, namespace_id=group["id"])
    for source in (f"/groups/{group['id']}", of(made)):
        join(owner, source, member, 30)
    path = f"/groups/{group['id']}/members/{member.id}"
    assert owner.delete(path, skip_subresources=True).status_code == 204
    assert member.get(of(made)).status_code == 200
    join(owner, f"/groups/{group['id']}", member, 30)
    assert owner.delete(path).status_code == 204
    assert member.get(of(made)).status_code == 404


def test_memb_1_many_are_added_at_once(place: Place, owner: Person) -> None:
    """doc/api/group_members.md: ids or names separated by commas."""
    people = [place.person() for _ in range(3)]
    path = f"{of(place.project(owner))}/members"
    first = owner.made(path, user_id=f"{people[0].id},{people[1].id}", access_level=20)
    names = f"{people[1].username},{people[2].username}"
    second = owner.made(path, username=names, access_level=30)
    assert first == second == {"status": "success"}
    levels = {one["id"]: one["access_level"] for one in owner.read(path)}
    assert [levels[person.id] for person in people] == [20, 30, 30]


def test_memb_4_a_membership_that_cannot_be_is_refused_in_the_words_of_the_model(
    place: Place, owner: Person
) -> None:
    """lib/api/members.rb; app/models/member.rb."""
    person = place.person()
    group = place.group(owner)
    path = f"{of(place.project(owner, namespace_id=group['id']))}/members"
    text = "user_id, username are missing, at least one parameter must be provided"
    assert wrong(owner.post(path, access_level=30)) == text
    both = owner.post(path, access_level=30, user_id=person.id, username=person.username)
    assert wrong(both) == "user_id, username are mutually exclusive"
    level = owner.post(path, user_id=person.id, access_level=33)
    assert told(level) == (400, {"access_level": ["is not included in the list"]})
    join(owner, f"/groups/{group['id']}", person, 30)
    text = f"should be greater than or equal to Developer inherited membership from group {group['name']}"
    lower = owner.post(path, user_id=person.id, access_level=20)
    assert told(lower) == (400, {"access_level": [text]})


def test_memb_1_nobody_is_told_of_members(place: Place, owner: Person) -> None:
    """lib/api/members.rb and invitations.rb ask for an account before they look for the project."""
    for made in (place.project(owner), place.project(owner, visibility="public")):
        for path in ("members", "members/all", f"members/{owner.id}", "invitations"):
            assert place.nobody.get(f"{of(made)}/{path}").status_code == 401


def test_memb_6_an_invitation_is_found_by_its_whole_address(place: Place, owner: Person) -> None:
    """doc/api/invitations.md: `query` must match the address exactly; a change needs something to change."""
    path = f"{of(place.project(owner))}/invitations"
    address = f"{unique('x')}@example.org"
    owner.made(path, email=address, access_level=20)
    assert len(owner.read(path, query=address)) == 1
    assert owner.read(path, query=address[:5]) == []
    one = f"{path}/{encoded(address)}"
    assert told(owner.put(one)) == (400, "400 Bad request")
    assert owner.put(one, access_level=30).json()["access_level"] == 30
    assert owner.delete(one).status_code == 204
    assert told(owner.delete(one)) == (404, "404 Not Found")
