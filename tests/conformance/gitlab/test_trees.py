"""Trees, archives and comparisons."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import Any

import pytest

from tests.conformance.gitlab.place import (
    Json,
    Person,
    Place,
    commit,
    create,
    repository,
    told,
    wrong,
)


@pytest.fixture(scope="module")
def project(place: Place, owner: Person) -> Json:
    return place.filled(owner)


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
    text = 'pagination cannot be "none" unless "recursive" is true'
    assert wrong(owner.get(tree, path="many", pagination="none")) == text
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


def test_tree_5_the_same_tree_gives_the_same_bytes(place: Place) -> None:
    """python-gitlab's test_repository_archive; tar formats have several names."""
    other = place.person()
    there = other.library.projects.get(place.filled(other)["id"])
    assert there.repository_archive() == there.repository_archive("main")
    assert files_of(there.repository_archive(format="tbz2"), "")


def test_tree_5_parts_of_an_archive_are_left_out(place: Place, stranger: Person) -> None:
    """doc/api/repositories.md: `exclude_paths`."""
    made = place.filled(place.person(), visibility="public")
    answer = stranger.get(f"{repository(made)}/archive.zip", sha="main", exclude_paths="docs,none")
    assert {name.rpartition("/")[2] for name in files_of(answer.content, ".zip")} == {"a.txt"}


def test_tree_8_a_common_ancestor_is_found(place: Place, owner: Person) -> None:
    """doc/api/repositories.md, lib/api/repositories.rb: merge_base."""
    made = place.filled(owner)
    base = owner.read(f"{repository(made)}/commits/main")["id"]
    for name in ("one", "two"):
        commit(owner, made, create(name), branch=name, start_branch="main")
    path = f"{repository(made)}/merge_base"
    assert owner.read(path, **{"refs[]": ["one", "two"]})["id"] == base
    assert told(owner.get(path, **{"refs[]": ["one"]})) == (400, "Provide at least 2 refs")
    answer = owner.get(path, **{"refs[]": ["one", "x", "y"]})
    assert told(answer) == (400, "Could not find refs: x, y")
    there = owner.library.projects.get(made["id"])
    merged: Any = there.repository_merge_base(["one", "two"])
    assert merged["id"] == base
    contributors: Any = there.repository_contributors()
    assert contributors[0]["commits"] == 1


def test_tree_8_a_unified_difference_names_the_files(place: Place, owner: Person) -> None:
    made = place.filled(owner)
    commit(owner, made, create("x", "1\n"), branch="topic", start_branch="main")
    query = {"from": "main", "to": "topic", "unidiff": True}
    (item,) = owner.read(f"{repository(made)}/compare", **query)["diffs"]
    assert item["diff"].startswith("--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n")


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
    answer = owner.get(compare, **{"from": "main", "to": "none"})
    assert told(answer) == (404, "404 Ref Not Found")
