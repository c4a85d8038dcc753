"""What names the bytes of every file of a revision."""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
import subprocess
from pathlib import Path

import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

Row = dict[str, object]


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def filled(alice: Person, new_dataset: NewDataset) -> tuple[int, dict[str, bytes]]:
    """A dataset with a text, a picture and a packed folder."""
    dataset = new_dataset(visibility="public")
    files = {
        "README.md": b"# read me\n",
        "a, b/ä.bin": secrets.token_bytes(3000),
        "packed/one.bin": secrets.token_bytes(500),
        "packed/two/three.bin": secrets.token_bytes(600),
    }
    parts = [("file", (name, data)) for name, data in files.items()]
    alice.json("POST", f"/datasets/{dataset}/files", 201, files=parts)
    alice.json("POST", f"/datasets/{dataset}/packs", json={"path": "packed", "message": "pack"})
    return dataset, files


def row_of(path: str, data: bytes) -> Row:
    stored = "git" if path.endswith(".md") else "site"
    sums = {"md5": md5(data), "sha256": sha256(data)}
    return {"path": path, **sums, "size": len(data), "stored": stored}


def test_every_file_is_named_with_its_checksums(
    alice: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, files = filled
    url = f"/datasets/{dataset}/manifest"
    wanted = [row_of(path, data) for path, data in sorted(files.items())]
    answer = alice.http.get(url)
    assert answer.json() == wanted
    assert answer.headers["X-Commit-Id"] == alice.json("GET", f"/datasets/{dataset}")["head"]
    again = alice.http.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    told = alice.http.get(url, params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(told.text)))
    assert rows == [{key: str(value) for key, value in row.items()} for row in wanted]
    short = alice.http.get(url, params={"format": "csv", "hashes": "md5"}).text
    assert short.splitlines()[0] == "path,md5,size,stored"


def test_a_part_can_be_chosen(alice: Person, filled: tuple[int, dict[str, bytes]]) -> None:
    dataset, _ = filled
    url = f"/datasets/{dataset}/manifest"
    below = alice.json("GET", url, params={"path": "packed/two"})
    assert [row["path"] for row in below] == ["packed/two/three.bin"]
    like = alice.json("GET", url, params={"glob": "*.bin"})
    assert len(like) == 3
    assert alice.json("GET", url, params={"glob": "*.jpg"}) == []
    assert alice.json("GET", url, 404, params={"path": "no"})["error"] == "file_not_found"
    for name in ("format", "hashes"):
        assert alice.json("GET", url, 400, params={name: "xml"})["details"]["field"] == name


def test_a_packed_folder_needs_the_key_of_the_site_the_rest_does_not(
    nobody: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, files = filled
    url = f"/datasets/{dataset}/manifest"
    assert nobody.json("GET", url, 403)["error"] == "site_access"
    (row,) = nobody.json("GET", url, params={"path": "a, b"})
    assert row["md5"] == md5(files["a, b/ä.bin"])


def test_an_empty_revision_has_an_empty_manifest(alice: Person, new_dataset: NewDataset) -> None:
    url = f"/datasets/{new_dataset()}/manifest"
    assert alice.json("GET", url) == []
    assert alice.http.get(url, params={"format": "csv"}).text == "path,md5,sha256,size,stored\n"


def test_what_cannot_be_read_is_told_and_left_out_of_archives(
    stack: Running, alice: Person, filled: tuple[int, dict[str, bytes]], tmp_path: Path
) -> None:
    dataset, files = filled
    path = alice.json("GET", f"/datasets/{dataset}")["path_with_namespace"]
    url = stack.ready["gitlab_url"].replace("://", f"://alice:{alice.token}@")
    commands = (
        ["clone", "-q", f"{url}/{path}.git", "."],
        ["config", "user.email", "alice@labset.example"],
        ["config", "user.name", "alice"],
    )
    for command in commands:
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "bad.dvc").write_text("outs: nothing")
    for command in (["add", "-f", "link", "bad.dvc"], ["commit", "-qm", "odd"], ["push", "-q"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.strip()
    rows = {
        row["path"]: row
        for row in alice.json("GET", f"/datasets/{dataset}/manifest", params={"ref": head})
    }
    for name in ("link", "bad"):
        assert rows[name]["md5"] is None
        assert rows[name]["problem"]
    asked = {"ref": head, "content": "data", "format": "tar"}
    archive = alice.http.get(f"/datasets/{dataset}/archive", params=asked)
    assert archive.headers["X-Left-Out"] == "2"
    assert archive.content.count(b"ustar") >= len(files)
    assert b"passwd" not in archive.content
