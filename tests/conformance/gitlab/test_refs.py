"""Branches, tags, their protection, and releases."""

from __future__ import annotations

import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    Json,
    Person,
    Place,
    commit,
    create,
    encoded,
    of,
    repository,
    told,
    try_commit,
    unique,
    wrong,
)


@pytest.fixture(scope="module")
def project(place: Place, owner: Person) -> Json:
    return place.filled(owner)


def test_ref_1_a_branch_describes_itself(owner: Person, project: Json) -> None:
    body = owner.read(f"{repository(project)}/branches/main")
    assert (body["name"], body["default"], body["protected"]) == ("main", True, True)
    flags = ("merged", "developers_can_push", "developers_can_merge", "can_push")
    assert [body[name] for name in flags] == [False, False, False, True]
    assert body["web_url"] == f"{project['web_url']}/-/tree/main"
    assert len(body["commit"]["id"]) == 40
    name = unique("search")
    owner.made(f"{repository(project)}/branches", branch=name, ref="main")
    found = owner.read(f"{repository(project)}/branches", search=name[2:])
    assert [one["name"] for one in found] == [name]


def test_ref_2_ref_4_a_branch_is_made_with_slashes(owner: Person, project: Json) -> None:
    tip = owner.read(f"{repository(project)}/commits/main")["id"]
    made = owner.made(f"{repository(project)}/branches", branch="feature/x", ref="main")
    assert (made["name"], made["commit"]["id"]) == ("feature/x", tip)
    assert owner.read(f"{repository(project)}/branches/feature%2Fx")["name"] == "feature/x"
    there = owner.library.projects.get(project["id"])
    assert there.branches.get("feature/x").commit["id"] == tip
    answer = owner.get(f"{repository(project)}/branches/none")
    assert told(answer) == (404, "404 Branch Not Found")
    by_sha = owner.made(f"{repository(project)}/branches", branch=unique("b"), ref=tip)
    assert by_sha["commit"]["id"] == tip


HEX_BRANCH = "You cannot create a branch with a 40-character hexadecimal branch name."
TAKEN_BESIDE = "Branch name conflicts with existing branch hierarchy."


@pytest.mark.parametrize(
    ("branch", "ref", "text"),
    (
        ("main", "main", "Branch already exists"),
        ("a b", "main", "Branch name is invalid"),
        ("refs/heads/x", "main", "Branch name is invalid"),
        ("b" * 40, "main", HEX_BRANCH),
        ("main/below", "main", "Failed to create branch 'main/below': " + TAKEN_BESIDE),
        ("x", "foo", "Failed to create branch 'x': invalid reference name 'foo'"),
    ),
)
def test_ref_3_a_branch_that_cannot_be_made_is_told(
    owner: Person, project: Json, branch: str, ref: str, text: str
) -> None:
    answer = owner.post(f"{repository(project)}/branches", branch=branch, ref=ref)
    assert told(answer) == (400, text)


def test_ref_3_a_refname_that_cannot_be_is_told(owner: Person, project: Json) -> None:
    """spec/requests/api/branches_spec.rb: `branch*`."""
    path = f"{repository(project)}/branches/branch%2A"
    for answer in (owner.get(path), owner.delete(path)):
        assert told(answer) == (400, "The branch refname is invalid")


def test_ref_3_a_protected_name_is_refused_in_words(crew: Crew) -> None:
    rules, branches = (
        f"{of(crew.project)}/protected_branches",
        f"{repository(crew.project)}/branches",
    )
    name = unique("kept")
    crew.maintainer.made(rules, name=f"{name}/*")
    refused = crew.developer.post(branches, branch=f"{name}/1", ref="main")
    text = "You are not allowed to create protected branches on this project."
    assert told(refused) == (400, text)
    crew.maintainer.made(branches, branch=f"{name}/1", ref="main")
    refused = crew.developer.delete(f"{branches}/{name}%2F1")
    assert refused.status_code == 400
    assert "Only a project maintainer or owner can delete a protected branch." in refused.text
    assert crew.maintainer.delete(f"{branches}/{name}%2F1").status_code == 204


def test_ref_3_the_first_branch_makes_the_first_commit(place: Place, owner: Person) -> None:
    """app/services/branches/create_service.rb: an empty repository gets a README.md first."""
    made = place.project(owner)
    owner.made(f"{repository(made)}/branches", branch="topic", ref="main")
    assert owner.read(f"{repository(made)}/commits/topic")["title"] == "Add README.md"


def test_ref_1_branches_are_sorted_and_sought(place: Place, owner: Person) -> None:
    """doc/api/branches.md: `regex`, `sort`, and lib/api/branches.rb: `page_token`."""
    made = place.filled(owner)
    commit(owner, made, create("x"), branch="a1", start_branch="main")
    branches = f"{repository(made)}/branches"
    owner.made(branches, branch="b2", ref="main")
    assert names_of(owner.read(branches)) == ["a1", "b2", "main"]
    assert names_of(owner.read(branches, regex="^[ab][0-9]$")) == ["a1", "b2"]
    assert told(owner.get(branches, regex="(")) == (400, "Regex is invalid")
    assert wrong(owner.get(branches, sort="size")) == "sort does not have a valid value"
    assert names_of(owner.read(branches, search="^a")) == ["a1"]


def names_of(rows: list[Json]) -> list[str]:
    return [row["name"] for row in rows]


def test_ref_5_the_head_of_a_branch_tells_whether_it_is_there(owner: Person, project: Json) -> None:
    assert owner.head(f"{repository(project)}/branches/main").status_code == 204
    assert owner.head(f"{repository(project)}/branches/none").status_code == 404


def test_ref_6_a_branch_is_removed_once(owner: Person, project: Json) -> None:
    name = f"old/{unique('x')}"
    owner.made(f"{repository(project)}/branches", branch=name, ref="main")
    path = f"{repository(project)}/branches/{encoded(name)}"
    assert owner.delete(path).status_code == 204
    assert told(owner.delete(path)) == (404, "404 Branch Not Found")


def test_ref_7_the_default_branch_stays(owner: Person, project: Json) -> None:
    answer = owner.delete(f"{repository(project)}/branches/main")
    assert told(answer) == (400, "The default branch of a project cannot be deleted.")
    assert owner.get(f"{repository(project)}/branches/main").status_code == 200


def test_ref_8_a_branch_is_protected_and_freed(owner: Person, project: Json) -> None:
    made = owner.made(f"{of(project)}/protected_branches", name="stable/*")
    assert [one["access_level"] for one in made["push_access_levels"]] == [40]
    assert made["push_access_levels"][0]["access_level_description"] == "Maintainers"
    again = owner.post(f"{of(project)}/protected_branches", name="stable/*")
    assert told(again) == (409, "Protected branch 'stable/*' already exists")
    assert owner.delete(f"{of(project)}/protected_branches/stable%2F%2A").status_code == 204
    nameless = owner.post(f"{of(project)}/protected_branches")
    assert wrong(nameless) == "name is missing"
    blank = owner.post(f"{of(project)}/protected_branches", name="")
    assert told(blank) == (422, ["Name can't be blank"])
    gone = owner.get(f"{of(project)}/protected_branches/stable%2F%2A")
    assert told(gone) == (404, "404 Not found")


def test_ref_8_a_rule_may_leave_nobody(owner: Person, project: Json) -> None:
    name = unique("closed")
    body = {"name": name, "push_access_level": 0, "merge_access_level": 30}
    made = owner.made(f"{of(project)}/protected_branches", **body)
    assert made["push_access_levels"][0]["access_level_description"] == "No one"
    assert made["merge_access_levels"][0]["access_level_description"] == "Developers + Maintainers"
    branch = owner.made(f"{repository(project)}/branches", branch=unique("b"), ref="main")["name"]
    path = f"{repository(project)}/branches/{branch}"
    protected = owner.put(f"{path}/protect", developers_can_push=True).json()
    flags = ("protected", "developers_can_push", "developers_can_merge")
    assert [protected[flag] for flag in flags] == [True, True, False]
    assert owner.put(f"{path}/unprotect").json()["protected"] is False


def test_ref_8_protected_tags_are_made_by_maintainers(crew: Crew) -> None:
    rules = f"{of(crew.project)}/protected_tags"
    name = unique("sealed")
    made = crew.maintainer.made(rules, name=f"{name}*")
    assert [one["access_level"] for one in made["create_access_levels"]] == [40]
    again = crew.maintainer.post(rules, name=f"{name}*")
    assert told(again) == (422, ["Name has already been taken"])
    tags = f"{repository(crew.project)}/tags"
    refused = crew.developer.post(tags, tag_name=f"{name}1", ref="main")
    text = "You are not allowed to create this tag as it is protected."
    assert told(refused) == (400, text)
    crew.maintainer.made(tags, tag_name=f"{name}1", ref="main")
    assert told(crew.developer.delete(f"{tags}/{name}1")) == (403, "403 Forbidden")
    assert crew.maintainer.delete(f"{tags}/{name}1").status_code == 204
    assert crew.maintainer.delete(f"{rules}/{name}%2A").status_code == 204


def test_ref_9_tags_are_plain_or_annotated(owner: Person, project: Json) -> None:
    tags = f"{repository(project)}/tags"
    tip = owner.read(f"{repository(project)}/commits/main")["id"]
    one, two = unique("plain"), unique("noted")
    plain = owner.made(tags, tag_name=one, ref="main")
    noted = owner.made(tags, tag_name=two, ref="main", message="the note")
    assert (plain["target"], plain["commit"]["id"]) == (tip, tip)
    assert plain["message"] in ("", None)  # the documentation says null, the code an empty text
    assert (plain["created_at"], plain["release"], plain["protected"]) == (None, None, False)
    assert noted["created_at"]
    unsigned = owner.get(f"{tags}/{two}/signature")
    assert told(unsigned) == (404, "404 Signature Not Found")
    assert noted["target"] != tip
    assert (noted["commit"]["id"], noted["message"]) == (tip, "the note")
    assert [tag["name"] for tag in owner.read(tags, search=two)] == [two]
    assert owner.library.projects.get(project["id"]).tags.get(two).message == "the note"
    assert owner.delete(f"{tags}/{one}").status_code == 204
    for answer in (owner.get(f"{tags}/{one}"), owner.delete(f"{tags}/{one}")):
        assert told(answer) == (404, "404 Tag Not Found")


def test_ref_10_a_tag_that_cannot_be_made_is_told(owner: Person, project: Json) -> None:
    tags = f"{repository(project)}/tags"
    name = unique("v")
    owner.made(tags, tag_name=name, ref="main")
    answer = owner.post(tags, tag_name=name, ref="main")
    assert told(answer) == (400, f"Tag {name} already exists")
    answer = owner.post(tags, tag_name=unique("v"), ref="foo")
    assert told(answer) == (400, "Target foo is invalid")
    answer = owner.post(tags, tag_name="a b", ref="main")
    assert told(answer) == (400, "Tag name invalid")
    answer = owner.post(tags, tag_name="main", ref="main")
    assert told(answer) == (400, "You cannot use default branch name to create a tag")
    answer = owner.post(tags, tag_name="c" * 40, ref="main")
    assert told(answer) == (400, "You cannot create a tag with a SHA-1 or SHA-256 tag name.")
    assert wrong(owner.post(tags)) == "tag_name is missing, ref is missing"


def test_ref_9_tags_are_listed_by_key(place: Place, owner: Person) -> None:
    """spec/requests/api/tags_spec.rb: keyset pagination, an unknown token is 422."""
    made = place.filled(owner)
    tags = f"{repository(made)}/tags"
    for name in ("v1.10", "v1.9", "v1.2"):
        owner.made(tags, tag_name=name, ref="main")
    order = {"order_by": "version", "sort": "asc"}
    assert names_of(owner.read(tags, **order)) == ["v1.2", "v1.9", "v1.10"]
    first = owner.get(tags, **order, pagination="keyset", per_page=2)
    second = owner.client.get(first.links["next"]["url"], headers=owner.headers)
    assert names_of(first.json() + second.json()) == ["v1.2", "v1.9", "v1.10"]
    assert "next" not in second.links
    answer = owner.get(tags, pagination="keyset", page_token="unknown")
    assert told(answer) == (422, "Invalid page token: refs/tags/unknown")


def test_ref_9_a_release_is_the_notes_of_a_tag(crew: Crew) -> None:
    """doc/api/releases: fields, 409, 422, and 403 where nothing is there to change."""
    releases, tag = f"{of(crew.project)}/releases", unique("v")
    body = {"tag_name": tag, "description": "notes", "released_at": "2020-01-02T03:04:05Z"}
    assert told(crew.developer.post(releases, **body)) == (422, "Ref is not specified")
    made = crew.developer.made(releases, **body, ref="main", tag_message="annotated")
    assert (made["name"], made["description"], made["upcoming_release"]) == (tag, "notes", False)
    assert made["released_at"] == "2020-01-02T03:04:05.000Z"
    assert made["author"]["username"] == crew.developer.username
    assert made["_links"]["self"].endswith(f"/-/releases/{tag}")
    assert [one["format"] for one in made["assets"]["sources"]] == [
        "zip",
        "tar.gz",
        "tar.bz2",
        "tar",
    ]
    known = crew.reporter.read(f"{repository(crew.project)}/tags/{tag}")
    assert known["release"] == {"tag_name": tag, "description": "notes"}
    assert known["message"] == "annotated"
    assert told(crew.developer.post(releases, **body)) == (409, "Release already exists")
    assert crew.developer.put(f"{releases}/{tag}", name="new").json()["name"] == "new"
    wanted = wrong(crew.developer.put(f"{releases}/{tag}", released_at="soon"))
    assert wanted == "released_at is invalid"
    assert told(crew.developer.get(f"{releases}/none")) == (404, "404 Not Found")
    assert told(crew.developer.put(f"{releases}/none", name="x")) == (403, "403 Forbidden")
    assert crew.developer.delete(f"{releases}/{tag}").status_code == 200
    assert crew.owner.delete(f"{repository(crew.project)}/tags/{tag}").status_code == 204


def test_auth_7_nobody_writes_to_what_everybody_reads(place: Place, owner: Person) -> None:
    """branches_spec.rb and commits_spec.rb: 403, but 401 for a commit."""
    made = place.filled(owner, visibility="public")
    body = {"branch": "b", "ref": "main"}
    for answer in (
        place.nobody.post(f"{repository(made)}/branches", **body),
        place.nobody.delete(f"{repository(made)}/merged_branches"),
        place.nobody.post(f"{repository(made)}/tags", tag_name="t", ref="main"),
    ):
        assert told(answer) == (403, "403 Forbidden")
    answer = try_commit(place.nobody, made, create("x"))
    assert told(answer) == (401, "401 Unauthorized")
