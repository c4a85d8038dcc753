"""Projects that are moved, forked, starred and shared: what GitLab says where that cannot be."""

from __future__ import annotations

import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    Person,
    Place,
    encoded,
    ids,
    join,
    of,
    told,
    unique,
    until,
)


def test_proj_22_starrers_are_told_since_when(
    place: Place, owner: Person, stranger: Person
) -> None:
    """doc/api/project_starring.md."""
    made = place.project(owner, visibility="public")
    for person in (owner, stranger):
        assert person.post(f"{of(made)}/star").status_code == 201
    fans = owner.read(f"{of(made)}/starrers")
    assert {one["user"]["id"] for one in fans} == {owner.id, stranger.id}
    assert all(one["starred_since"].startswith("20") for one in fans)
    (found,) = owner.read(f"{of(made)}/starrers", search=stranger.username)
    assert found["user"]["id"] == stranger.id


def test_proj_23_a_fork_that_cannot_be_is_404_or_409(
    place: Place, crew: Crew, owner: Person, stranger: Person
) -> None:
    """lib/api/projects.rb; app/services/projects/fork_service.rb."""
    source = place.filled(owner, visibility="public")
    path = f"{of(source)}/fork"
    group = place.group(owner, visibility="public")
    assert told(crew.guest.post(f"{of(crew.project)}/fork")) == (404, "404 Not Found")
    assert told(stranger.post(path, namespace_path=unique("nowhere"))) == (
        404,
        "404 Namespace Not Found",
    )
    assert told(stranger.post(path, namespace_id=group["id"])) == (
        404,
        "404 Target Namespace Not Found",
    )
    assert told(stranger.post(path, branches="nowhere")) == (404, "404 Source Branch Not Found")
    status, texts = told(owner.post(path))
    assert status == 409
    assert isinstance(texts, list)
    assert {"Name has already been taken", "Path has already been taken"} <= set(texts)


def test_proj_23_a_relation_is_made_once_and_not_with_itself(place: Place, owner: Person) -> None:
    """doc/api/project_forks.md; app/services/projects/fork_service.rb."""
    source, made = place.filled(owner), place.filled(owner)
    itself = "Target project cannot be equal to source project"
    assert told(owner.post(f"{of(made)}/fork/{made['id']}")) == (400, itself)
    related = owner.made(f"{of(made)}/fork/{source['id']}")
    assert related["forked_from_project"]["id"] == source["id"]
    again = owner.post(f"{of(made)}/fork/{source['id']}")
    assert told(again) == (409, "Project already forked")
    assert owner.delete(f"{of(made)}/fork").status_code == 204
    assert owner.delete(f"{of(made)}/fork").status_code == 304


def test_proj_24_a_share_that_is_there_or_cannot_be_is_a_conflict(
    place: Place, owner: Person
) -> None:
    """app/models/project_group_link.rb."""
    home, other = place.group(owner), place.group(owner)
    made = place.project(owner, namespace_id=home["id"])
    share = {"group_id": other["id"], "group_access": 30}
    owner.made(f"{of(made)}/share", **share)
    again = owner.post(f"{of(made)}/share", **share)
    assert told(again) == (409, "Group already shared with this group")
    answer = owner.post(f"{of(made)}/share", group_id=home["id"], group_access=30)
    text = "Project cannot be shared with the group it is in or one of its ancestors."
    assert told(answer) == (409, text)
    shown = owner.read(f"{of(made)}/groups", with_shared=True)
    assert sorted(ids(shown)) == sorted([home["id"], other["id"]])
    assert ids(owner.read(f"{of(made)}/invited_groups")) == [other["id"]]
    gone = owner.delete(f"{of(made)}/share/{home['id']}")
    assert told(gone) == (404, "404 Group Link Not Found")


@pytest.mark.parametrize("key", ("id", "full_path"))
def test_proj_19_a_moved_project_is_found_under_its_old_path(
    place: Place, owner: Person, key: str
) -> None:
    """doc/api/projects.md, "Transfer a project to a new namespace"."""
    group = place.group(owner)
    made = place.project(owner)
    moved = owner.put(f"{of(made)}/transfer", namespace=group[key])
    assert moved.status_code == 200
    assert moved.json()["namespace"]["id"] == group["id"]
    old = owner.get(f"/projects/{encoded(made['path_with_namespace'])}")
    assert old.status_code == 301


def test_a_transfer_that_cannot_be_says_why(place: Place, owner: Person, stranger: Person) -> None:
    """app/services/projects/transfer_service.rb."""
    made = place.project(owner)
    path = f"{of(made)}/transfer"
    group, foreign = place.group(owner), place.group(stranger, visibility="public")
    hidden = place.group(stranger)
    texts = {
        owner.username: "Project is already in this namespace.",
        foreign["id"]: "You don't have permission to transfer projects into that namespace.",
    }
    for target, text in texts.items():
        status, message = told(owner.put(path, namespace=target))
        assert (status, text in str(message)) == (400, True)
    answer = owner.put(path, namespace=hidden["id"])
    assert told(answer) == (404, "404 Namespace Not Found")
    place.project(owner, name=made["name"], namespace_id=group["id"])
    status, message = told(owner.put(path, namespace=group["id"]))
    text = "Project with same name or path in target namespace already exists"
    assert (status, text in str(message)) == (400, True)


def test_perm_10_a_maintainer_renames_a_project(place: Place, owner: Person) -> None:
    """app/policies/project_policy.rb: rename_project is the maintainers', change_visibility_level not."""
    maintainer = place.person()
    made = place.project(owner)
    join(owner, of(made), maintainer, 40)
    path = unique("renamed")
    answer = maintainer.put(of(made), name=path, path=path)
    assert (answer.status_code, answer.json()["path"]) == (200, path)
    assert maintainer.put(of(made), visibility="private").status_code == 403


def test_the_groups_of_a_project_have_their_long_names(place: Place, owner: Person) -> None:
    """doc/api/projects.md, "List groups": full_name."""
    above = place.group(owner)
    below = place.group(owner, parent_id=above["id"])
    made = place.project(owner, namespace_id=below["id"])
    names = {one["full_name"] for one in owner.read(f"{of(made)}/groups")}
    assert names == {above["name"], f"{above['name']} / {below['name']}"}
    until(lambda: owner.read(f"{of(made)}/users", search=owner.username))
    assert owner.read(f"{of(made)}/users", **{"skip_users[]": owner.id}) == []
