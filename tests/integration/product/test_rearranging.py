"""Compare, move, pack, unpack and undo: one commit each, and no byte is sent twice."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.product.conftest import NewDataset, Person


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def put(person: Person, dataset: int, path: str, data: bytes) -> str:
    answer = person.http.put(f"/datasets/{dataset}/files/{path}", content=data)
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["commit"])


def listed(person: Person, dataset: int, ref: str = "main") -> dict[str, dict[str, object]]:
    rows = person.json(
        "GET", f"/datasets/{dataset}/tree", params={"ref": ref, "recursive": 1, "per_page": 100}
    )
    return {row["path"]: row for row in rows}


@pytest.fixture
def filled(alice: Person, new_dataset: NewDataset) -> tuple[int, dict[str, bytes]]:
    dataset = new_dataset()
    files = {
        "a/one.bin": b"one" * 1000,
        "a/b/two.bin": b"two" * 1000,
        "a/notes.md": b"# notes\n",
        "three.bin": secrets.token_bytes(999),
    }
    for path, data in files.items():
        put(alice, dataset, path, data)
    return dataset, files


def test_two_revisions_are_compared(alice: Person, filled: tuple[int, dict[str, bytes]]) -> None:
    dataset, files = filled
    before = alice.json("GET", f"/datasets/{dataset}/refs")["branches"][0]["commit"]
    put(alice, dataset, "a/one.bin", b"changed")
    put(alice, dataset, "new.bin", b"new bytes")
    alice.json("DELETE", f"/datasets/{dataset}/files/a/notes.md")
    alice.json(
        "POST", f"/datasets/{dataset}/moves", json={"from": "three.bin", "to": "z/three.bin"}
    )
    diff = alice.json("GET", f"/datasets/{dataset}/diff", params={"from": before, "to": "main"})
    assert diff["from"] == before
    assert [row["path"] for row in diff["added"]] == ["new.bin"]
    assert diff["added"][0]["md5"] == md5(b"new bytes")
    assert diff["removed"] == [
        {"path": "a/notes.md", "size": 8, "md5": md5(files["a/notes.md"]), "stored": "git"}
    ]
    assert [(row["path"], row["old"]["size"], row["new"]["size"]) for row in diff["changed"]] == [
        ("a/one.bin", 3000, 7)
    ]
    assert [(row["from"], row["to"]) for row in diff["renamed"]] == [("three.bin", "z/three.bin")]
    assert diff["totals"] == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "renamed": 1,
        "bytes_added": 9 + 7,
        "bytes_removed": 8 + 3000,
    }
    last = alice.json("GET", f"/datasets/{dataset}/diff")
    assert last["totals"]["renamed"] == 1
    below = alice.json("GET", f"/datasets/{dataset}/diff", params={"from": before, "path": "a"})
    assert below["totals"]["added"] == 0
    assert below["totals"]["changed"] == 1


def test_the_first_commit_is_compared_with_nothing(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    commits = alice.json("GET", f"/datasets/{dataset}/commits", params={"per_page": 100})
    first = alice.json("GET", f"/datasets/{dataset}/diff", params={"to": commits[-1]["commit"]})
    assert first["from"] is None
    assert first["totals"]["added"] == 0


def test_a_folder_moves_with_everything_in_it(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, files = filled
    moved = alice.json("POST", f"/datasets/{dataset}/moves", json={"from": "/a/", "to": "deep/c"})
    assert moved["files"] == 3
    assert set(listed(alice, dataset)) == {
        "deep/c/one.bin",
        "deep/c/b/two.bin",
        "deep/c/notes.md",
        "three.bin",
    }
    answer = alice.http.get(f"/datasets/{dataset}/files/deep/c/b/two.bin")
    assert answer.content == files["a/b/two.bin"]


def test_a_move_refuses_what_would_lose_something(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    url = f"/datasets/{dataset}/moves"
    alice.json("POST", url, 409, json={"from": "three.bin", "to": "a/one.bin"})
    alice.json("POST", url, 409, json={"from": "three.bin", "to": "a"})
    alice.json("POST", url, 400, json={"from": "a", "to": "a/b/c"})
    alice.json("POST", url, 404, json={"from": "nothing", "to": "c"})
    alice.json("POST", url, 400, json={"moves": []})
    alice.json("POST", url, 409, json={"from": "a/one.bin", "to": "three.bin/below"})
    assert len(listed(alice, dataset)) == 4


def test_names_that_differ_in_case_only_can_be_exchanged(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    alice.json("POST", f"/datasets/{dataset}/moves", json={"from": "three.bin", "to": "Three.bin"})
    assert "Three.bin" in listed(alice, dataset)


def test_a_folder_is_packed_as_dvc_would_do_it_and_unpacked_again(
    alice: Person, filled: tuple[int, dict[str, bytes]], tmp_path: Path
) -> None:
    dataset, files = filled
    before = listed(alice, dataset)
    packed = alice.json("POST", f"/datasets/{dataset}/packs", json={"path": "a"})
    assert packed["files"] == 3
    rows = alice.json("GET", f"/datasets/{dataset}/tree")
    folder = next(row for row in rows if row["path"] == "a")
    assert (folder["packed"], folder["files"], folder["size"]) == (True, 3, 6008)
    assert folder["md5"] == _md5_by_dvc(tmp_path, {k: v for k, v in files.items() if k[0] == "a"})
    assert {path: row["md5"] for path, row in listed(alice, dataset).items()} == {
        path: row["md5"] for path, row in before.items()
    }
    diff = alice.json("GET", f"/datasets/{dataset}/diff")
    assert [diff["totals"][kind] for kind in ("added", "removed", "changed", "renamed")] == [0] * 4
    alice.json("POST", f"/datasets/{dataset}/packs", 400, json={"path": "a"})
    alice.json("POST", f"/datasets/{dataset}/packs", 400, json={"path": "three.bin"})
    alice.json("DELETE", f"/datasets/{dataset}/packs/three.bin", 400)
    alice.json("DELETE", f"/datasets/{dataset}/packs/a/one.bin", 409)
    unpacked = alice.json("DELETE", f"/datasets/{dataset}/packs/a")
    assert unpacked["files"] == 3
    after = listed(alice, dataset)
    assert {path: (row["md5"], row["size"]) for path, row in after.items()} == {
        path: (row["md5"], row["size"]) for path, row in before.items()
    }
    assert alice.http.get(f"/datasets/{dataset}/files/a/notes.md").content == files["a/notes.md"]


def _md5_by_dvc(folder: Path, files: dict[str, bytes]) -> str:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    for command in (["init", "--no-scm", "-q"], ["add", "-q", "a"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=folder, check=True)
    text = (folder / "a.dvc").read_text()
    return next(
        line.split()[-1].removesuffix(".dir") for line in text.splitlines() if "md5:" in line
    )


def test_a_change_is_undone_by_a_new_commit(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, files = filled
    changed = put(alice, dataset, "a/one.bin", b"a mistake")
    gone = alice.json("DELETE", f"/datasets/{dataset}/files/a/b")["commit"]
    url = f"/datasets/{dataset}/reverts"
    assert alice.json("POST", url, json={"commit": gone[:10]})["files"] == 1
    alice.json("POST", url, json={"commit": changed, "message": "It was right before"})
    for path, data in files.items():
        assert alice.http.get(f"/datasets/{dataset}/files/{path}").content == data
    title = alice.json("GET", f"/datasets/{dataset}/commits")[0]["title"]
    assert title == "It was right before"


def test_a_change_with_a_later_one_upon_it_is_not_undone(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    first = put(alice, dataset, "three.bin", b"first")
    put(alice, dataset, "three.bin", b"second")
    refused = alice.json("POST", f"/datasets/{dataset}/reverts", 409, json={"commit": first})
    assert refused["error"] == "path_changed"
    assert refused["details"]["path"] == "three.bin"
    commits = alice.json("GET", f"/datasets/{dataset}/commits", params={"per_page": 100})
    binding = {"commit": commits[-1]["commit"]}
    alice.json("POST", f"/datasets/{dataset}/reverts", 400, json=binding)
    alice.json("POST", f"/datasets/{dataset}/reverts", 404, json={"commit": "no-such"})


def test_a_text_that_grew_out_of_git_is_put_back_as_a_pointer(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, files = filled
    grown = put(alice, dataset, "a/notes.md", b"x" * 200_000)
    assert listed(alice, dataset)["a/notes.md"]["stored"] == "site"
    alice.json("POST", f"/datasets/{dataset}/reverts", json={"commit": grown})
    row = listed(alice, dataset)["a/notes.md"]
    assert (row["stored"], row["md5"]) == ("site", md5(files["a/notes.md"]))


def test_who_may_not_see_the_dataset_moves_nothing(
    bob: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    for method, path, body in (
        ("POST", "moves", {"from": "three.bin", "to": "four.bin"}),
        ("POST", "packs", {"path": "a"}),
        ("POST", "reverts", {"commit": "main"}),
        ("DELETE", "packs/a", None),
        ("GET", "diff", None),
    ):
        bob.json(method, f"/datasets/{dataset}/{path}", 404, json=body)
