"""Projects: how they are made, named, changed and removed."""

from __future__ import annotations

import gitlab.exceptions
import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    Json,
    Person,
    Place,
    commit,
    create,
    encoded,
    join,
    of,
    paths,
    repository,
    told,
    try_commit,
    unique,
    until,
    wrong,
)

TAKEN = ["has already been taken"]
RESERVED = (
    *("-", "badges", "blame", "blob", "builds", "commits", "create", "create_dir", "edit", "files"),
    *("find_file", "new", "preview", "raw", "refs", "tree", "update", "wikis"),
)


def test_proj_1_a_new_project_is_private_empty_and_ones_own(place: Place, owner: Person) -> None:
    answer = owner.post("/projects", name=unique("fresh"))
    made = answer.json()
    assert (answer.status_code, made["visibility"], made["empty_repo"]) == (201, "private", True)
    assert (made["namespace"]["kind"], made["namespace"]["path"]) == ("user", owner.username)
    group = place.group(owner)
    assert place.project(owner, namespace_id=group["id"])["namespace"]["id"] == group["id"]


def test_proj_2_a_path_is_made_of_the_name(owner: Person) -> None:
    made = owner.made("/projects", name="My First Data.Set")
    assert (made["name"], made["path"]) == ("My First Data.Set", "my-first-data-set")
    assert owner.made("/projects", path="only-a-path")["name"] == "only-a-path"


def test_proj_3_every_setting_is_in_a_full_project(crew: Crew) -> None:
    shown = crew.owner.read(of(crew.project))
    assert {"issues_enabled", "wiki_enabled", "lfs_enabled", "merge_method"} <= set(shown)
    assert {"repository_access_level", "issues_access_level"} <= set(shown)


def test_proj_3_a_repository_may_be_for_members_only(
    place: Place, owner: Person, stranger: Person
) -> None:
    """doc/api/projects.md: repository_access_level is disabled, private or enabled."""
    made = place.filled(owner, visibility="public", repository_access_level="private")
    tree = f"{repository(made)}/tree"
    assert stranger.get(of(made)).status_code == place.nobody.get(of(made)).status_code == 200
    assert told(stranger.get(tree)) == (403, "403 Forbidden")
    assert owner.get(tree).status_code == 200
    assert owner.put(of(made), repository_access_level="disabled").status_code == 200
    assert told(owner.get(tree)) == (403, "403 Forbidden")
    assert owner.put(of(made), repository_access_level="enabled").status_code == 200
    assert place.nobody.get(tree).status_code == 200


def test_proj_4_a_project_needs_a_name_or_a_path(owner: Person) -> None:
    answer = owner.post("/projects", description="x")
    assert wrong(answer) == "name, path are missing, at least one parameter must be provided"


def test_proj_5_a_taken_name_is_400_under_name_and_path(crew: Crew) -> None:
    status, fields = told(crew.owner.post("/projects", name=crew.project["name"]))
    assert status == 400
    assert isinstance(fields, dict)
    assert fields["name"] == fields["path"] == TAKEN
    with pytest.raises(gitlab.exceptions.GitlabCreateError) as refused:
        crew.owner.library.projects.create({"name": crew.project["name"]})
    assert refused.value.response_code == 400


@pytest.mark.parametrize("path", ("-x", "x.git", "x.atom", "a b", "ä", "a/b"))
def test_proj_6_a_malformed_path_is_refused(owner: Person, path: str) -> None:
    status, fields = told(owner.post("/projects", name="fine", path=path))
    assert status == 400
    assert isinstance(fields, dict)
    assert "path" in fields


@pytest.mark.parametrize("path", ("A_b-c.d", "0"))
def test_proj_6_a_wellformed_path_is_kept(place: Place, owner: Person, path: str) -> None:
    group = place.group(owner)
    assert place.project(owner, path=path, namespace_id=group["id"])["path"] == path


@pytest.mark.parametrize("path", RESERVED)
def test_proj_7_a_reserved_path_is_refused(owner: Person, path: str) -> None:
    status, fields = told(owner.post("/projects", name="fine", path=path))
    assert status == 400
    assert f"{path} is a reserved name" in str(fields)


def test_proj_8_an_unknown_visibility_is_a_parameter(owner: Person) -> None:
    answer = owner.post("/projects", name="x", visibility="secret")
    assert wrong(answer) == "visibility does not have a valid value"


def test_proj_9_a_foreign_namespace_is_not_valid(
    place: Place, owner: Person, stranger: Person
) -> None:
    group = place.group(owner, visibility="public")
    answer = stranger.post("/projects", name=unique("x"), namespace_id=group["id"])
    status, fields = told(answer)
    assert status == 400
    assert isinstance(fields, dict)
    assert fields["namespace"] == ["is not valid"]


def test_proj_10_a_project_of_a_group_has_no_owner(place: Place, owner: Person) -> None:
    made = place.project(owner, namespace_id=place.group(owner)["id"])
    shown = owner.read(of(made))
    for one in (made, shown):
        assert one["namespace"]["kind"] == "group"
        assert "owner" not in one
    assert owner.read(of(place.project(owner)))["owner"]["id"] == owner.id


def test_proj_11_a_readme_is_the_first_commit(place: Place, owner: Person) -> None:
    made = place.project(owner, initialize_with_readme=True)
    assert paths(owner, made) == {"README.md"}
    assert len(owner.read(f"{repository(made)}/commits")) == 1


def test_proj_12_an_empty_repository_has_no_tree(place: Place, owner: Person) -> None:
    made = place.project(owner)
    assert told(owner.get(f"{repository(made)}/tree")) == (404, "404 Tree Not Found")
    assert owner.read(of(made))["default_branch"] == "main"


def test_proj_13_a_project_is_found_by_number_and_by_encoded_path(crew: Crew) -> None:
    path = crew.project["path_with_namespace"]
    assert crew.owner.read(f"/projects/{encoded(path)}")["id"] == crew.project["id"]
    assert crew.owner.read(f"/projects/{encoded(path)}/repository/tree")
    assert crew.owner.get(f"/projects/{path}").status_code == 404
    assert crew.owner.library.projects.get(path).id == crew.project["id"]
    address = f"{repository(crew.project)}/files"
    assert crew.owner.get(f"{address}/docs%2Fb.txt", ref="main").status_code == 200
    assert crew.owner.get(f"{address}/docs/b.txt", ref="main").status_code == 404


def test_proj_14_addresses_belong_together(place: Place, owner: Person) -> None:
    made = place.project(owner, initialize_with_readme=True)
    shown = owner.read(of(made))
    assert shown["web_url"].endswith(f"/{made['path_with_namespace']}")
    assert shown["http_url_to_repo"] == f"{shown['web_url']}.git"
    assert shown["readme_url"] == f"{shown['web_url']}/-/blob/main/README.md"
    assert shown["_links"]["self"].endswith(f"/api/v4/projects/{made['id']}")
    assert owner.read(of(place.project(owner)))["readme_url"] is None


def test_proj_15_permissions_are_told_when_read(place: Place, owner: Person) -> None:
    member = place.person()
    group = place.group(owner)
    join(owner, f"/groups/{group['id']}", member, 30)
    made = place.project(owner, namespace_id=group["id"], visibility="private")
    assert "permissions" not in made
    wanted = {"access_level": 30, "notification_level": 3}
    assert member.read(of(made))["permissions"] == {"project_access": None, "group_access": wanted}
    assert member.read("/projects", membership=True)[0]["permissions"]["group_access"] == wanted
    public = place.project(owner, visibility="public")
    assert "permissions" not in place.nobody.read(of(public))


def test_proj_16_a_change_of_nothing_is_a_parameter_error(crew: Crew) -> None:
    text = wrong(crew.owner.put(of(crew.project)))
    assert text.endswith("are missing, at least one parameter must be provided")


def test_proj_17_topics_are_sorted_and_repeated(place: Place, owner: Person) -> None:
    ant, bee, cow = (place.topic(word) for word in ("ant", "bee", "cow"))
    made = place.project(owner, topics=[cow, ant])
    assert made["topics"] == made["tag_list"] == [ant, cow]
    assert owner.put(of(made), topics=[cow, bee]).json()["topics"] == [bee, cow]


def test_proj_18_statistics_come_on_request(crew: Crew) -> None:
    assert "statistics" not in crew.owner.read(of(crew.project))
    assert "commit_count" in crew.owner.read(of(crew.project), statistics=True)["statistics"]
    assert "statistics" not in crew.guest.read(of(crew.project), statistics=True)


def test_proj_19_an_old_path_leads_on_for_reading(place: Place, owner: Person) -> None:
    made = place.project(owner)
    owner.put(of(made), path=unique("renamed"))
    old = f"/projects/{encoded(made['path_with_namespace'])}"
    answer = owner.get(old)
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith(f"/api/v4{of(made)}")
    assert owner.put(old, description="x").status_code == 405


def test_proj_20_an_archived_project_is_read_only(place: Place, owner: Person) -> None:
    made = place.filled(owner)
    answer = owner.post(f"{of(made)}/archive")
    assert (answer.status_code, answer.json()["archived"]) == (201, True)
    assert try_commit(owner, made, create("x")).status_code == 403
    assert "a.txt" in paths(owner, made)
    answer = owner.post(f"{of(made)}/unarchive")
    assert (answer.status_code, answer.json()["archived"]) == (201, False)
    commit(owner, made, create("x"))


def test_proj_21_a_deletion_is_accepted_and_happens_later(place: Place, owner: Person) -> None:
    made = place.filled(owner)
    answer = owner.delete(of(made))
    assert (answer.status_code, answer.json()) == (202, {"message": "202 Accepted"})

    def gone_or_marked() -> bool:
        shown = owner.get(of(made))
        return shown.status_code == 404 or bool(shown.json().get("marked_for_deletion_on"))

    until(gone_or_marked)


def test_proj_22_a_star_counts_once(place: Place, owner: Person) -> None:
    made = place.project(owner)
    for verb, count in (("star", 1), ("unstar", 0)):
        answer = owner.post(f"{of(made)}/{verb}")
        assert (answer.status_code, answer.json()["star_count"]) == (201, count)
        again = owner.post(f"{of(made)}/{verb}")
        assert (again.status_code, again.content) == (304, b"")


def test_proj_23_a_fork_fills_itself_and_there_is_one(
    place: Place, owner: Person, stranger: Person
) -> None:
    source = place.filled(owner, visibility="public")
    fork = stranger.made(f"{of(source)}/fork")
    assert fork["forked_from_project"]["id"] == source["id"]
    assert fork["import_status"] in {"scheduled", "started", "finished"}
    until(lambda: stranger.read(of(fork))["import_status"] == "finished")
    assert paths(stranger, fork) == paths(owner, source)
    assert stranger.post(f"{of(source)}/fork").status_code == 409
    assert [one["id"] for one in owner.read(f"{of(source)}/forks")] == [fork["id"]]


def test_proj_24_sharing_lends_a_group_at_most_its_roles(place: Place, owner: Person) -> None:
    above, below = place.person(), place.person()
    group = place.group(owner)
    join(owner, f"/groups/{group['id']}", above, 40)
    join(owner, f"/groups/{group['id']}", below, 10)
    made = place.filled(owner)
    assert above.get(of(made)).status_code == 404
    link = owner.made(f"{of(made)}/share", group_id=group["id"], group_access=30)
    assert (link["group_id"], link["group_access"]) == (group["id"], 30)
    expect_shared(owner, made, group)
    until(lambda: above.get(of(made)).status_code == 200)
    everybody = owner.read(f"{of(made)}/members/all")
    levels = {one["id"]: one["access_level"] for one in everybody}
    assert (levels[above.id], levels[below.id]) == (30, 10)
    again = owner.post(f"{of(made)}/share", group_id=group["id"], group_access=30)
    assert again.status_code == 409
    assert owner.delete(f"{of(made)}/share/{group['id']}").status_code == 204
    until(lambda: above.get(of(made)).status_code == 404)


def expect_shared(owner: Person, project: Json, group: Json) -> None:
    (shown,) = owner.read(of(project))["shared_with_groups"]
    assert shown["group_id"] == group["id"]
    assert shown["group_name"] == group["name"]
    assert shown["group_full_path"] == group["full_path"]
    assert shown["group_access_level"] == 30
    assert shown["expires_at"] is None
