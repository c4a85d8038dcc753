"""A commit id gives the same bytes for ever, whatever is pushed away and swept in GitLab (P5)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.faults.killing import serves
from tests.integration.faults.world import World, eventually


def put(world: World, dataset: int, path: str, data: bytes, branch: str = "main") -> str:
    url = f"/datasets/{dataset}/files/{path}"
    answer = world.alice.http.put(url, content=data, params={"branch": branch})
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["commit"])


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sweep(world: World, dataset: int, gone: list[str]) -> None:
    """Prune GitLab's repository until it no longer has these commits."""
    world.git(dataset, "reflog", "expire", "--expire=now", "--all")
    for line in world.git(dataset, "for-each-ref", "--format=%(refname)").split():
        if not line.startswith(("refs/heads/", "refs/tags/")):
            world.git(dataset, "update-ref", "-d", line)
    world.git(dataset, "gc", "--quiet", "--prune=now")
    there = world.git(dataset, "rev-list", "--all", "--objects")
    assert all(sha not in there for sha in gone)
    checked = world.git(dataset, "cat-file", "--batch-check", text="\n".join(gone))
    assert checked.count("missing") == len(gone)


def still_same(world: World, dataset: int, pinned: dict[str, tuple[str, bytes]]) -> None:
    for commit, (path, data) in pinned.items():
        got = world.alice.http.get(f"/datasets/{dataset}/files/{path}", params={"ref": commit})
        assert got.status_code == 200, f"{commit}: {got.text}"
        assert got.content == data
        assert got.headers["X-Commit-Id"] == commit


def test_pinned_bytes_outlive_force_push_deleted_names_and_gc(world: World, tmp_path: Path) -> None:
    dataset = world.new_dataset()
    first = put(world, dataset, "a.bin", b"first")
    lost = put(world, dataset, "a.bin", b"pushed away")
    text = put(world, dataset, "note.md", b"a text of git, pushed away")
    side = put(world, dataset, "b.bin", b"on a branch", "side")
    tagged = put(world, dataset, "c.bin", b"tagged", "tagged")
    body = {"name": "v1", "ref": tagged, "message": "one"}
    world.alice.json("POST", f"/datasets/{dataset}/tags", 201, json=body)
    pinned = {
        lost: ("a.bin", b"pushed away"),
        text: ("note.md", b"a text of git, pushed away"),
        side: ("b.bin", b"on a branch"),
        tagged: ("c.bin", b"tagged"),
    }
    still_same(world, dataset, pinned)
    push_away(world, dataset, first, tmp_path)
    sweep(world, dataset, list(pinned))
    eventually(
        lambda: world.alice.http.get(f"/datasets/{dataset}/files/a.bin").content == b"first",
        "main is seen where it was pushed",
    )
    still_same(world, dataset, pinned)
    world.kill_web_children()
    eventually(lambda: serves(world.app_url), "it serves again", 20)
    still_same(world, dataset, pinned)
    world.alice.json("GET", f"/datasets/{dataset}/files/c.bin?ref=v1", 404)


def push_away(world: World, dataset: int, first: str, folder: Path) -> None:
    """With alice's own token: main back to `first`, the other branches and the tag deleted."""
    world.gitlab_call("DELETE", f"/projects/{dataset}/protected_branches/main")
    gitlab_url = str(world.running.ready["gitlab_url"])
    path = world.alice.json("GET", f"/datasets/{dataset}")["path_with_namespace"]
    with_token = gitlab_url.replace("://", f"://alice:{world.alice.token}@")
    git(folder, "clone", "--quiet", "--mirror", f"{with_token}/{path}.git", "copy")
    pushes = [
        f"+{first}:refs/heads/main",
        ":refs/heads/side",
        ":refs/heads/tagged",
        ":refs/tags/v1",
    ]
    git(folder / "copy", "push", "--quiet", f"{with_token}/{path}.git", *pushes)


def test_a_commit_that_was_pushed_by_git_and_seen_here_once_is_kept_too(
    world: World, tmp_path: Path
) -> None:
    dataset = world.new_dataset()
    first = put(world, dataset, "a.bin", b"first")
    action = {"action": "create", "file_path": "seen.txt", "content": "seen once"}
    body = {"branch": "by-hand", "start_branch": "main", "commit_message": "x", "actions": [action]}
    made = world.gitlab_call("POST", f"/projects/{dataset}/repository/commits", json=body)
    assert made.status_code == 201
    commit = str(made.json()["id"])
    url = f"/datasets/{dataset}/files/seen.txt"
    assert world.alice.http.get(url, params={"ref": "by-hand"}).headers["X-Commit-Id"] == commit
    put(world, dataset, "b.bin", b"tagged", "tagged")
    put(world, dataset, "b.bin", b"side", "side")
    world.alice.json("POST", f"/datasets/{dataset}/tags", 201, json={"name": "v1", "ref": first})
    push_away(world, dataset, first, tmp_path)
    world.gitlab_call("DELETE", f"/projects/{dataset}/repository/branches/by-hand")
    sweep(world, dataset, [commit])
    eventually(
        lambda: world.alice.http.get(url, params={"ref": "by-hand"}).status_code == 404,
        "the branch is gone here as well",
    )
    got = world.alice.http.get(url, params={"ref": commit})
    assert got.content == b"seen once"
