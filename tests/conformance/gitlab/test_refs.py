"""Branches, tags, trees, archives and comparisons."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest

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
    unique,
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


@pytest.mark.parametrize(
    ("branch", "ref", "text"),
    (
        ("main", "main", "Branch already exists"),
        ("a b", "main", "Branch name is invalid"),
        ("x", "foo", "Failed to create branch 'x': invalid reference name 'foo'"),
    ),
)
def test_ref_3_a_branch_that_cannot_be_made_is_told(
    owner: Person, project: Json, branch: str, ref: str, text: str
) -> None:
    answer = owner.post(f"{repository(project)}/branches", branch=branch, ref=ref)
    assert told(answer) == (400, text)


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
    assert owner.delete(f"{repository(project)}/branches/main").status_code >= 400
    assert owner.get(f"{repository(project)}/branches/main").status_code == 200


def test_ref_8_a_branch_is_protected_and_freed(owner: Person, project: Json) -> None:
    made = owner.made(f"{of(project)}/protected_branches", name="stable/*")
    assert [one["access_level"] for one in made["push_access_levels"]] == [40]
    assert owner.delete(f"{of(project)}/protected_branches/stable%2F%2A").status_code == 204


def test_ref_9_tags_are_plain_or_annotated(owner: Person, project: Json) -> None:
    tags = f"{repository(project)}/tags"
    tip = owner.read(f"{repository(project)}/commits/main")["id"]
    one, two = unique("plain"), unique("noted")
    plain = owner.made(tags, tag_name=one, ref="main")
    noted = owner.made(tags, tag_name=two, ref="main", message="the note")
    assert (plain["target"], plain["commit"]["id"], plain["message"]) == (tip, tip, "")
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


def test_tree_1_entries_have_paths_from_the_root_and_six_digits(
    owner: Person, project: Json
) -> None:
    tree = f"{repository(project)}/tree"
    entries = owner.read(tree)
    assert [(one["path"], one["type"], one["mode"]) for one in entries] == [
        ("docs", "tree", "040000"),
        ("a.txt", "blob", "100644"),
    ]
    assert set(entries[0]) == {"id", "name", "type", "path", "mode"}
    (below,) = owner.read(tree, path="docs", ref="main")
    assert (below["name"], below["path"]) == ("b.txt", "docs/b.txt")
    everything = {one["path"] for one in owner.read(tree, recursive=True)}
    assert everything == {"docs", "docs/b.txt", "a.txt"}


def test_tree_2_what_is_not_there_is_404(owner: Person, project: Json) -> None:
    answer = owner.get(f"{repository(project)}/tree", ref="none")
    assert told(answer) == (404, "404 Tree Not Found")
    assert owner.get(f"{repository(project)}/tree", path="none").status_code == 404


def test_tree_3_tree_4_a_tree_comes_in_pages_of_twenty(place: Place, owner: Person) -> None:
    made = place.project(owner)
    commit(owner, made, *(create(f"many/{one:03}") for one in range(45)))
    tree = f"{repository(made)}/tree"
    assert len(owner.read(tree, path="many")) == 20
    answer = owner.get(tree, path="many", pagination="keyset", per_page=20)
    seen = [one["name"] for one in answer.json()]
    while "next" in answer.links:
        assert "page_token=" in answer.links["next"]["url"]
        answer = owner.client.get(answer.links["next"]["url"], headers=owner.headers)
        seen += [one["name"] for one in answer.json()]
    assert seen == [f"{one:03}" for one in range(45)]
    assert len(owner.read(tree, recursive=True, pagination="none")) == 46
    assert len(owner.read(tree, path="many", pagination="none")) == 20
    listed = owner.library.projects.get(made["id"]).repository_tree(
        path="many", iterator=True, pagination="keyset", order_by="id", per_page=10
    )
    assert len([*listed]) == 45


@pytest.mark.parametrize("ending", ("", ".tar.gz", ".tar", ".tar.bz2", ".zip"))
def test_tree_5_an_archive_is_named_after_the_commit(
    place: Place, owner: Person, ending: str
) -> None:
    made = place.filled(owner)
    tip = owner.read(f"{repository(made)}/commits/main")["id"]
    answer = place.root.get(f"{repository(made)}/archive{ending}", sha="main")
    name = f"{made['path']}-main-{tip}"
    assert f"{name}{ending or '.tar.gz'}" in answer.headers["Content-Disposition"]
    assert files_of(answer.content, ending) == {f"{name}/a.txt", f"{name}/docs/b.txt"}


def test_tree_6_an_archive_of_a_folder_is_named_after_it(
    place: Place, owner: Person, stranger: Person
) -> None:
    made = place.filled(owner, visibility="public")
    tip = owner.read(f"{repository(made)}/commits/main")["id"]
    answer = stranger.get(f"{repository(made)}/archive.zip", sha="main", path="docs")
    name = f"{made['path']}-main-{tip}-docs"
    assert f"{name}.zip" in answer.headers["Content-Disposition"]
    assert files_of(answer.content, ".zip") == {f"{name}/docs/b.txt"}


def files_of(data: bytes, ending: str) -> set[str]:
    """Return the files in an archive, folders left out."""
    file = io.BytesIO(data)
    if ending == ".zip":
        with zipfile.ZipFile(file) as packed:
            return {name for name in packed.namelist() if not name.endswith("/")}
    with tarfile.open(fileobj=file) as tar:
        return {one.name for one in tar.getmembers() if one.isfile()}


def test_tree_7_an_archive_of_nothing_is_404(owner: Person, project: Json) -> None:
    answer = owner.get(f"{repository(project)}/archive", sha="none")
    assert told(answer) == (404, "404 File Not Found")


def test_tree_8_a_comparison_tells_commits_and_changes(place: Place, owner: Person) -> None:
    made = place.filled(owner)
    commit(owner, made, create("x", "1\n"), branch="topic", start_branch="main")
    compare = f"{repository(made)}/compare"
    body = owner.read(compare, **{"from": "main", "to": "topic"})
    assert [one["new_path"] for one in body["diffs"]] == ["x"]
    assert body["commit"]["id"] == body["commits"][-1]["id"]
    assert len(body["commits"]) == 1
    assert (body["compare_timeout"], body["compare_same_ref"]) == (False, False)
    same = owner.read(compare, **{"from": "main", "to": "main"})
    assert (same["compare_same_ref"], same["commits"], same["commit"]) == (True, [], None)
    assert owner.get(compare, **{"from": "main", "to": "none"}).status_code == 404
