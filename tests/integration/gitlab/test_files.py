"""FILE-1 … FILE-9, REF-1 … REF-10, TREE-1 … TREE-8."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile

import pytest
import requests

from tests.integration.gitlab.world import Person, World, commit, create, encoded


@pytest.fixture(scope="module")
def owner(world: World) -> Person:
    return world.person("olga")


@pytest.fixture
def repository(world: World, owner: Person) -> str:
    return f"/projects/{world.filled(owner)['id']}/repository"


def number(repository: str) -> int:
    return int(repository.split("/")[2])


def test_a_file_describes_itself(owner: Person, repository: str) -> None:
    body = owner.get(f"{repository}/files/{encoded('docs/b.txt')}", ref="main").json()
    tip = owner.get(f"{repository}/commits/main").json()["id"]
    assert base64.b64decode(body["content"]) == b"two\n"
    assert body["content_sha256"] == hashlib.sha256(b"two\n").hexdigest()
    assert (body["file_name"], body["file_path"], body["size"]) == ("b.txt", "docs/b.txt", 4)
    assert body["commit_id"] == body["last_commit_id"] == tip
    assert (body["ref"], body["encoding"], body["execute_filemode"]) == ("main", "base64", False)
    assert owner.get(f"{repository}/files/a.txt", ref="HEAD").json()["commit_id"] == tip


def test_head_gives_the_same_as_headers(owner: Person, repository: str) -> None:
    body = owner.get(f"{repository}/files/a.txt", ref="main").json()
    answer = owner("HEAD", f"{repository}/files/a.txt", params={"ref": "main"})
    assert answer.content == b""
    for name in (
        "Blob-Id",
        "Commit-Id",
        "Last-Commit-Id",
        "Content-Sha256",
        "File-Path",
        "Size",
        "Ref",
    ):
        assert answer.headers[f"X-Gitlab-{name}"] == str(body[name.lower().replace("-", "_")])


def test_what_is_missing_is_named(owner: Person, repository: str) -> None:
    answer = owner.get(f"{repository}/files/none", ref="main")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 File Not Found"})
    answer = owner.get(f"{repository}/files/a.txt", ref="none")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Commit Not Found"})
    answer = owner.get(f"{repository}/files/a.txt")
    assert (answer.status_code, answer.json()) == (400, {"error": "ref is missing, ref is empty"})
    assert owner.get(f"{repository}/files/docs/b.txt", ref="main").status_code == 404


@pytest.mark.parametrize(
    "path", ("sp ace.txt", "a+b", "a#b", "a?b", "ü/Ω.txt", "100%.txt", "a&b=c", "%2F")
)
def test_odd_names_survive(owner: Person, repository: str, path: str) -> None:
    address = f"{repository}/files/{encoded(path)}"
    body = {"branch": "main", "commit_message": "m", "content": path}
    assert owner.made(address, **body) == {"file_path": path, "branch": "main"}
    assert owner.get(f"{address}/raw", ref="main").content == path.encode()
    assert path in [one["path"] for one in owner.get(f"{repository}/tree", recursive=True).json()]


def test_a_file_is_made_changed_and_removed(owner: Person, repository: str) -> None:
    address = f"{repository}/files/new.txt"
    body = {"branch": "main", "commit_message": "m"}
    assert owner.post(address, **body, content="1").status_code == 201
    again = owner.post(address, **body, content="1")
    assert (again.status_code, again.json()) == (
        400,
        {"message": "A file with this name already exists"},
    )
    known = owner.get(address, ref="main").json()["last_commit_id"]
    changed = owner.put(address, **body, content="2", last_commit_id=known)
    assert (changed.status_code, changed.json()) == (
        200,
        {"file_path": "new.txt", "branch": "main"},
    )
    stale = owner.put(address, **body, content="3", last_commit_id=known)
    text = "You are attempting to update a file that has changed since you started editing it."
    assert (stale.status_code, stale.json()) == (400, {"message": text})
    assert owner.delete(address, **body).status_code == 204
    gone = owner.delete(address, **body)
    assert (gone.status_code, gone.json()) == (
        400,
        {"message": "A file with this name doesn't exist"},
    )


def test_raw_is_plain_bytes(owner: Person, repository: str) -> None:
    answer = owner.get(f"{repository}/files/a.txt/raw", ref="main")
    assert answer.content == b"one\n"
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_blob_is_found_by_its_id(owner: Person, repository: str) -> None:
    sha = owner.get(f"{repository}/files/a.txt", ref="main").json()["blob_id"]
    assert base64.b64decode(owner.get(f"{repository}/blobs/{sha}").json()["content"]) == b"one\n"
    assert owner.get(f"{repository}/blobs/{sha}/raw").content == b"one\n"
    answer = owner.get(f"{repository}/blobs/{'0' * 40}")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Blob Not Found"})


def test_a_branch_describes_itself(owner: Person, repository: str) -> None:
    body = owner.get(f"{repository}/branches/main").json()
    expected = {"name", "commit", "merged", "protected", "default", "can_push", "web_url"}
    assert expected | {"developers_can_push", "developers_can_merge"} <= set(body)
    assert (body["default"], body["merged"], body["protected"]) == (True, False, True)
    assert body["web_url"].endswith("/-/tree/main")


def test_a_branch_is_made_found_and_removed(owner: Person, repository: str) -> None:
    made = owner.made(f"{repository}/branches", branch="feature/x", ref="main")
    assert made["commit"]["id"] == owner.get(f"{repository}/commits/main").json()["id"]
    assert made["merged"] is True
    assert [one["name"] for one in owner.get(f"{repository}/branches", search="feat").json()] == [
        "feature/x"
    ]
    address = f"{repository}/branches/{encoded('feature/x')}"
    assert owner("HEAD", address).status_code == 204
    assert owner.delete(address).status_code == 204
    answer = owner.delete(address)
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Branch Not Found"})


@pytest.mark.parametrize(
    ("branch", "ref", "text"),
    (
        ("main", "main", "Branch already exists"),
        ("a b", "main", "Branch name is invalid"),
        ("x..y", "main", "Branch name is invalid"),
        ("x", "foo", "Failed to create branch 'x': invalid reference name 'foo'"),
    ),
)
def test_branches_that_cannot_be_made(
    owner: Person, repository: str, branch: str, ref: str, text: str
) -> None:
    answer = owner.post(f"{repository}/branches", branch=branch, ref=ref)
    assert (answer.status_code, answer.json()) == (400, {"message": text})


def test_the_default_branch_is_not_deleted(owner: Person, repository: str) -> None:
    assert owner.delete(f"{repository}/branches/main").status_code == 400
    assert owner.get(f"{repository}/branches/main").status_code == 200


def test_tags_are_plain_or_annotated(owner: Person, repository: str) -> None:
    tip = owner.get(f"{repository}/commits/main").json()["id"]
    plain = owner.made(f"{repository}/tags", tag_name="v1", ref="main")
    noted = owner.made(f"{repository}/tags", tag_name="v2", ref="main", message="the note")
    assert (plain["target"], plain["commit"]["id"]) == (tip, tip)
    assert noted["target"] != tip
    assert (noted["commit"]["id"], noted["message"]) == (tip, "the note")
    assert [one["name"] for one in owner.get(f"{repository}/tags", search="v2").json()] == ["v2"]
    assert owner.get(f"{repository}/tags", order_by="name", sort="asc").json()[0]["name"] == "v1"
    assert owner.delete(f"{repository}/tags/v1").status_code == 204
    answer = owner.get(f"{repository}/tags/v1")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Tag Not Found"})


@pytest.mark.parametrize(
    ("name", "ref", "text"),
    (
        ("v1", "main", "Tag v1 already exists"),
        ("v2", "foo", "Target foo is invalid"),
        ("a b", "main", "Tag name invalid"),
    ),
)
def test_tags_that_cannot_be_made(
    owner: Person, repository: str, name: str, ref: str, text: str
) -> None:
    owner.made(f"{repository}/tags", tag_name="v1", ref="main")
    answer = owner.post(f"{repository}/tags", tag_name=name, ref=ref)
    assert (answer.status_code, answer.json()) == (400, {"message": text})


def test_a_release_gives_a_tag_its_notes(owner: Person, repository: str) -> None:
    project = repository.removesuffix("/repository")
    made = owner.made(
        f"{project}/releases", tag_name="v1", ref="main", name="One", description="first"
    )
    assert (made["tag_name"], made["name"]) == ("v1", "One")
    assert owner.get(f"{repository}/tags/v1").json()["release"] == {
        "tag_name": "v1",
        "description": "first",
    }
    assert owner.post(f"{project}/releases", tag_name="v1").status_code == 409


def test_a_tree_has_folders_first_and_six_digit_modes(owner: Person, repository: str) -> None:
    entries = owner.get(f"{repository}/tree").json()
    assert [(one["path"], one["type"], one["mode"]) for one in entries] == [
        ("docs", "tree", "040000"),
        ("a.txt", "blob", "100644"),
    ]
    below = owner.get(f"{repository}/tree", path="docs").json()
    assert [(one["name"], one["path"]) for one in below] == [("b.txt", "docs/b.txt")]
    answer = owner.get(f"{repository}/tree", ref="none")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Tree Not Found"})
    assert owner.get(f"{repository}/tree", path="none").status_code == 404


def test_a_tree_comes_in_pages_of_twenty(owner: Person, repository: str) -> None:
    commit(owner, number(repository), *(create(f"many/{one:03}") for one in range(45)))
    assert len(owner.get(f"{repository}/tree", path="many").json()) == 20
    assert len(owner.get(f"{repository}/tree", recursive=True, pagination="none").json()) == 49
    answer = owner.get(f"{repository}/tree", path="many", pagination="keyset", per_page=20)
    seen = [one["name"] for one in answer.json()]
    while "next" in answer.links:
        head = {"PRIVATE-TOKEN": owner.token}
        answer = requests.get(answer.links["next"]["url"], headers=head, timeout=10)
        seen += [one["name"] for one in answer.json()]
    assert seen == [f"{one:03}" for one in range(45)]


@pytest.mark.parametrize("ending", ("", ".tar.gz", ".tar", ".tar.bz2", ".zip"))
def test_an_archive_has_one_folder_named_after_the_commit(
    owner: Person, repository: str, ending: str
) -> None:
    tip = owner.get(f"{repository}/commits/main").json()["id"]
    path = owner.get(repository.removesuffix("/repository")).json()["path"]
    answer = owner.get(f"{repository}/archive{ending}", sha="main")
    name = f"{path}-main-{tip}"
    assert name in answer.headers["Content-Disposition"]
    data = io.BytesIO(answer.content)
    if ending == ".zip":
        names = zipfile.ZipFile(data).namelist()
    else:
        with tarfile.open(fileobj=data) as archive:
            names = archive.getnames()
    assert sorted(names) == [f"{name}/a.txt", f"{name}/docs/b.txt"]
    assert owner.get(f"{repository}/archive{ending}", sha="none").json() == {
        "message": "404 File Not Found"
    }


def test_a_comparison_tells_commits_and_changes(owner: Person, repository: str) -> None:
    commit(owner, number(repository), create("x", "1\n"), branch="topic", start_branch="main")
    body = owner.get(f"{repository}/compare", **{"from": "main", "to": "topic"}).json()
    assert [one["title"] for one in body["commits"]] == ["change"]
    assert [one["new_path"] for one in body["diffs"]] == ["x"]
    assert (body["compare_timeout"], body["compare_same_ref"]) == (False, False)
    assert body["commit"]["id"] == body["commits"][-1]["id"]
    assert owner.get(f"{repository}/compare", **{"from": "main", "to": "none"}).status_code == 404
