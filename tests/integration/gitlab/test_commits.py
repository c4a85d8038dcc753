"""COMM-1 … COMM-19."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.integration.gitlab.world import Person, World, commit, create, try_commit

FILE_EXISTS = "A file with this name already exists"
FILE_MISSING = "A file with this name doesn't exist"


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("ole")


@pytest.fixture
def project(world: World, owner: Person) -> dict[str, Any]:
    return world.filled(owner)


def content(owner: Person, project: dict[str, Any], path: str, ref: str = "main") -> bytes:
    answer = owner.get(f"/projects/{project['id']}/repository/files/{path}/raw", ref=ref)
    assert answer.status_code == 200, answer.text
    return answer.content


def history(owner: Person, project: dict[str, Any], **query: object) -> list[str]:
    return [
        one["title"]
        for one in owner.get(f"/projects/{project['id']}/repository/commits", **query).json()
    ]


def test_a_commit_describes_itself(owner: Person, project: dict[str, Any]) -> None:
    path = f"/projects/{project['id']}/repository/commits"
    body = {
        "branch": "main",
        "commit_message": "title\n\nbody",
        "actions": [create("c.txt", "1\n2\n")],
    }
    made = owner.made(path, **body)
    assert (made["title"], made["message"]) == ("title", "title\n\nbody")
    assert made["stats"] == {"additions": 2, "deletions": 0, "total": 2}
    assert made["project_id"] == project["id"]
    assert made["web_url"] == f"{project['web_url']}/-/commit/{made['id']}"
    assert made["short_id"] == made["id"][:8]
    assert len(made["parent_ids"]) == 1
    assert "status" in made


def test_every_action_does_what_it_says(owner: Person, project: dict[str, Any]) -> None:
    commit(
        owner,
        project["id"],
        create("run.sh", "x"),
        create("bytes", base64.b64encode(bytes(range(256))).decode(), encoding="base64"),
        {"action": "update", "file_path": "a.txt", "content": "new"},
        {"action": "move", "file_path": "docs/c.txt", "previous_path": "docs/b.txt"},
        {"action": "chmod", "file_path": "run.sh", "execute_filemode": True},
    )
    assert content(owner, project, "bytes") == bytes(range(256))
    assert content(owner, project, "a.txt") == b"new"
    assert content(owner, project, "docs%2Fc.txt") == b"two\n"
    tree = owner.get(f"/projects/{project['id']}/repository/tree", recursive=True).json()
    assert {entry["path"]: entry["mode"] for entry in tree} == {
        "docs": "040000",
        "a.txt": "100644",
        "bytes": "100644",
        "docs/c.txt": "100644",
        "run.sh": "100755",
    }
    commit(
        owner, project["id"], {"action": "move", "file_path": "run2.sh", "previous_path": "run.sh"}
    )
    entries = owner.get(f"/projects/{project['id']}/repository/tree").json()
    assert {entry["path"]: entry["mode"] for entry in entries}["run2.sh"] == "100755"
    commit(owner, project["id"], {"action": "delete", "file_path": "docs/c.txt"})
    assert owner.get(f"/projects/{project['id']}/repository/tree", path="docs").status_code == 404


@pytest.mark.parametrize(
    ("action", "text"),
    (
        (create("a.txt"), FILE_EXISTS),
        (create("docs"), "A directory with this name already exists"),
        (create("a.txt/below"), FILE_EXISTS),
        ({"action": "update", "file_path": "none", "content": "x"}, FILE_MISSING),
        ({"action": "delete", "file_path": "none"}, FILE_MISSING),
        ({"action": "delete", "file_path": "docs"}, FILE_MISSING),
        ({"action": "move", "file_path": "x", "previous_path": "none"}, FILE_MISSING),
        ({"action": "move", "file_path": "docs/b.txt", "previous_path": "a.txt"}, FILE_EXISTS),
        ({"action": "chmod", "file_path": "none", "execute_filemode": True}, FILE_MISSING),
        (create("../up"), "Path cannot include directory traversal"),
        (create("x/.git/config"), "invalid path: 'x/.git/config'"),
        (create("x//y"), "invalid path: 'x//y'"),
    ),
)
def test_what_cannot_be_done_is_told_and_nothing_is_done(
    owner: Person, project: dict[str, Any], action: dict[str, Any], text: str
) -> None:
    answer = try_commit(owner, project["id"], create("fine.txt"), action)
    assert (answer.status_code, answer.json()) == (400, {"message": text})
    assert history(owner, project) == ["change"]


def test_a_leading_slash_is_dropped(owner: Person, project: dict[str, Any]) -> None:
    commit(owner, project["id"], create("/top.txt", "x"))
    assert content(owner, project, "top.txt") == b"x"


def test_start_branch_makes_the_branch(owner: Person, project: dict[str, Any]) -> None:
    commit(owner, project["id"], create("x"), branch="topic", start_branch="main")
    answer = try_commit(owner, project["id"], create("y"), branch="topic", start_branch="main")
    text = "A branch called 'topic' already exists. Switch to that branch in order to make changes"
    assert (answer.status_code, answer.json()) == (400, {"message": text})
    commit(owner, project["id"], create("y"), branch="topic", start_branch="main", force=True)
    paths = [
        one["path"]
        for one in owner.get(f"/projects/{project['id']}/repository/tree", ref="topic").json()
    ]
    assert paths == ["docs", "a.txt", "y"]


def test_a_branch_that_is_not_there_needs_a_start(owner: Person, project: dict[str, Any]) -> None:
    answer = try_commit(owner, project["id"], create("x"), branch="nowhere")
    text = "You can only create or edit files when you are on a branch"
    assert (answer.status_code, answer.json()) == (400, {"message": text})


def test_the_first_commit_makes_the_default_branch(world: World, owner: Person) -> None:
    made = world.project(owner)
    commit(owner, made["id"], create("x"), branch="trunk")
    assert owner.get(f"/projects/{made['id']}").json()["default_branch"] == "trunk"
    rules = owner.get(f"/projects/{made['id']}/protected_branches").json()
    assert [(rule["name"], rule["push_access_levels"][0]["access_level"]) for rule in rules] == [
        ("trunk", 40)
    ]


def test_a_rule_made_before_the_first_commit_stays(world: World, owner: Person) -> None:
    dev = world.person()
    made = world.project(owner)
    path = f"/projects/{made['id']}"
    owner.made(
        f"{path}/protected_branches", name="main", push_access_level=30, merge_access_level=30
    )
    world.member(owner, f"projects/{made['id']}", dev, 30)
    commit(dev, made["id"], create("x"))
    rules = owner.get(f"{path}/protected_branches").json()
    assert [(rule["name"], rule["push_access_levels"][0]["access_level"]) for rule in rules] == [
        ("main", 30)
    ]
    assert dev.get(f"{path}/repository/branches/main").json()["developers_can_push"] is True


def test_a_stale_last_commit_is_refused_per_file(owner: Person, project: dict[str, Any]) -> None:
    first = commit(owner, project["id"], create("x", "1"))["id"]
    commit(owner, project["id"], {"action": "update", "file_path": "x", "content": "2"})
    update = {"action": "update", "file_path": "x", "content": "3", "last_commit_id": first}
    answer = try_commit(owner, project["id"], update)
    text = "The file has changed since you started editing it: x"
    assert (answer.status_code, answer.json()) == (400, {"message": text})
    other = {"action": "update", "file_path": "a.txt", "content": "3"}
    known = owner.get(f"/projects/{project['id']}/repository/files/a.txt", ref="main").json()[
        "last_commit_id"
    ]
    commit(owner, project["id"], {**other, "last_commit_id": known})


def test_parameter_errors_name_each_place(owner: Person, project: dict[str, Any]) -> None:
    path = f"/projects/{project['id']}/repository/commits"
    for name in ("branch", "commit_message", "actions"):
        assert f"{name} is missing" in owner.post(path).json()["error"]
    answer = try_commit(owner, project["id"], {"action": "paint", "file_path": "x"})
    assert answer.json() == {"error": "actions[0][action] does not have a valid value"}
    answer = try_commit(owner, project["id"], create("ok"), {"action": "create"})
    assert answer.json() == {"error": "actions[1][file_path] is missing"}


def test_an_author_is_set_beside_the_committer(owner: Person, project: dict[str, Any]) -> None:
    made = commit(
        owner, project["id"], create("x"), author_name="Ada", author_email="ada@example.org"
    )
    assert (made["author_name"], made["author_email"]) == ("Ada", "ada@example.org")
    assert made["committer_name"] == "Ole"


def test_history_is_newest_first_and_has_no_totals(owner: Person, project: dict[str, Any]) -> None:
    path = f"/projects/{project['id']}/repository/commits"
    for number in range(3):
        body = {"branch": "main", "commit_message": f"c{number}", "actions": [create(f"f{number}")]}
        owner.made(path, **body)
    assert history(owner, project) == ["c2", "c1", "c0", "change"]
    assert history(owner, project, path="f1") == ["c1"]
    assert history(owner, project, since="2999-01-01T00:00:00Z") == []
    answer = owner.get(path, per_page=2)
    assert not {"X-Total", "X-Total-Pages"} & set(answer.headers)
    assert answer.headers["X-Next-Page"] == "2"


def test_a_commit_is_found_by_every_name(owner: Person, project: dict[str, Any]) -> None:
    made = commit(owner, project["id"], create("x"))
    path = f"/projects/{project['id']}/repository"
    owner.made(f"{path}/tags", tag_name="v1", ref="main", message="note")
    for name in (made["id"], made["short_id"], "main", "v1", "HEAD"):
        assert owner.get(f"{path}/commits/{name}").json()["id"] == made["id"], name
    answer = owner.get(f"{path}/commits/nothing")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 Commit Not Found"})
    refs = owner.get(f"{path}/commits/{made['id']}/refs").json()
    assert refs == [{"type": "branch", "name": "main"}, {"type": "tag", "name": "v1"}]


def test_a_diff_starts_at_its_first_hunk(owner: Person, project: dict[str, Any]) -> None:
    made = commit(
        owner,
        project["id"],
        create("new"),
        {"action": "update", "file_path": "a.txt", "content": "changed\n"},
        {"action": "move", "file_path": "moved.txt", "previous_path": "docs/b.txt"},
    )
    items = owner.get(f"/projects/{project['id']}/repository/commits/{made['id']}/diff").json()
    found = {item["new_path"]: item for item in items}
    assert found["a.txt"]["diff"].startswith("@@ -1 +1 @@\n-one\n+changed\n")
    assert (found["new"]["new_file"], found["new"]["b_mode"]) == (True, "100644")
    assert (found["moved.txt"]["renamed_file"], found["moved.txt"]["old_path"]) == (
        True,
        "docs/b.txt",
    )


@pytest.mark.parametrize("text", ("a\r\nb\r\n", "no end", "", "ünï\n", "\ufeffbom"))
def test_text_is_kept_to_the_byte(owner: Person, project: dict[str, Any], text: str) -> None:
    commit(owner, project["id"], create("text", text))
    assert content(owner, project, "text") == text.encode()
