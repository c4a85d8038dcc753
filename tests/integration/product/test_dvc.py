"""The real `dvc` and git, both ways."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

BIN = Path(sys.executable).parent


def run(folder: Path, *command: str, fails: bool = False) -> str:
    environment = os.environ | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder.parent / "site-cache"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "carol",
        "GIT_AUTHOR_EMAIL": "carol@labset.example",
        "GIT_COMMITTER_NAME": "carol",
        "GIT_COMMITTER_EMAIL": "carol@labset.example",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode != 0) is fails, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def clone(stack: Running, who: Person, dataset: int, folder: Path) -> Path:
    path = who.json("GET", f"/datasets/{dataset}")["path_with_namespace"]
    url = stack.ready["gitlab_url"].replace("://", f"://{who.name}:{who.token}@")
    run(folder, "git", "clone", "-q", f"{url}/{path}.git", "work")
    return folder / "work"


def set_token(work: Path, token: str) -> None:
    run(work, "dvc", "remote", "modify", "--local", "labset", "password", f"Bearer {token}")


@pytest.fixture
def filled(carol: Person, new_dataset: NewDataset) -> tuple[int, dict[str, bytes]]:
    """A dataset that carol filled through the API."""
    dataset = new_dataset()
    files = {f"pictures/{n} ä#{n}.jpg": secrets.token_bytes(4000) for n in range(3)}
    parts = [("file", (name, data)) for name, data in files.items()]
    carol.json("POST", f"/datasets/{dataset}/files", 201, files=parts)
    return dataset, files


def test_pull_with_nothing_but_a_gitlab_token(
    stack: Running, carol: Person, filled: tuple[int, dict[str, bytes]], tmp_path: Path
) -> None:
    dataset, files = filled
    work = clone(stack, carol, dataset, tmp_path)
    set_token(work, carol.token)
    run(work, "dvc", "pull")
    for name, data in files.items():
        assert (work / name).read_bytes() == data
    assert "in sync" in run(work, "dvc", "status", "-c")
    assert run(work, "git", "status", "--porcelain") == ""


def test_pull_of_the_unpacked_archive_without_git(
    carol: Person, filled: tuple[int, dict[str, bytes]], tmp_path: Path
) -> None:
    dataset, files = filled
    answer = carol.http.get(f"/datasets/{dataset}/archive", params={"format": "zip"})
    (tmp_path / "a.zip").write_bytes(answer.content)
    run(tmp_path, sys.executable, "-m", "zipfile", "-e", "a.zip", "out")
    (top,) = (tmp_path / "out").iterdir()
    set_token(top, carol.token)
    run(top, "dvc", "pull")
    for name, data in files.items():
        assert (top / name).read_bytes() == data


def test_push_through_the_endpoint_and_see_it_in_the_dataset(
    stack: Running, carol: Person, filled: tuple[int, dict[str, bytes]], tmp_path: Path
) -> None:
    dataset, _ = filled
    work = clone(stack, carol, dataset, tmp_path)
    set_token(work, carol.token)
    single, folder = secrets.token_bytes(5000), work / "raw"
    (work / "single.bin").write_bytes(single)
    (folder / "deep").mkdir(parents=True)
    (folder / "one.bin").write_bytes(b"one")
    (folder / "deep" / "two.bin").write_bytes(b"two two")
    run(work, "dvc", "add", "-q", "single.bin", "raw")
    run(work, "git", "add", "-A")
    run(work, "git", "commit", "-q", "-m", "add by dvc")
    run(work, "dvc", "push")
    run(work, "git", "push", "-q")
    run(work, "dvc", "pull")
    base = f"/datasets/{dataset}"
    head = run(work, "git", "rev-parse", "HEAD").strip()
    pinned = {"ref": head}
    assert carol.http.get(f"{base}/files/single.bin", params=pinned).content == single
    rows = carol.json("GET", f"{base}/tree/raw", params={**pinned, "recursive": "1"})
    assert [(row["path"], row["size"]) for row in rows] == [
        ("raw/deep/two.bin", 7),
        ("raw/one.bin", 3),
    ]
    assert carol.http.get(f"{base}/files/raw/deep/two.bin", params=pinned).content == b"two two"
    top = {row["path"]: row for row in carol.json("GET", f"{base}/tree", params=pinned)}
    assert top["raw"]["packed"]
    assert "in sync" in run(work, "dvc", "status", "-c")


def test_push_straight_to_the_site(
    stack: Running, carol: Person, filled: tuple[int, dict[str, bytes]], tmp_path: Path
) -> None:
    dataset, _ = filled
    work = clone(stack, carol, dataset, tmp_path)
    s3 = stack.ready["s3"]
    for name in ("access_key", "secret_key"):
        setting = {"access_key": "access_key_id", "secret_key": "secret_access_key"}[name]
        run(work, "dvc", "remote", "modify", "--local", "site", setting, s3[name])
    data = secrets.token_bytes(9_000_000)
    (work / "direct.bin").write_bytes(data)
    run(work, "dvc", "add", "-q", "direct.bin")
    run(work, "git", "add", "-A")
    run(work, "git", "commit", "-q", "-m", "add straight")
    run(work, "dvc", "push", "-r", "site")
    run(work, "git", "push", "-q")
    head = run(work, "git", "rev-parse", "HEAD").strip()
    url = f"/datasets/{dataset}/files/direct.bin"
    assert carol.http.get(url, params={"ref": head}).content == data
    part = carol.http.get(url, params={"ref": head}, headers={"Range": "bytes=5000000-5000009"})
    assert part.content == data[5_000_000:5_000_010]


def test_a_wrong_object_is_refused_by_the_endpoint(
    carol: Person, filled: tuple[int, dict[str, bytes]]
) -> None:
    dataset, _ = filled
    base = str(carol.http.base_url).removesuffix("/api/v1/")
    url = f"{base}/dvc/{dataset}/files/md5/aa/{'b' * 30}"
    for method in ("POST", "PUT"):
        answer = carol.http.request(method, url, content=iter([b"other ", b"bytes"]))
        assert answer.status_code == 400
        assert answer.json()["error"] == "wrong_checksum"
    assert carol.http.get(url).status_code == 404
    assert carol.http.head(url).status_code == 404


def test_a_public_dataset_on_a_public_site_pulls_without_a_token(
    stack: Running, alice: Person, new_dataset: NewDataset, tmp_path: Path
) -> None:
    s3 = stack.ready["s3"]
    body = {
        "name": f"public-{secrets.token_hex(4)}",
        "namespace": "lab",
        "visibility": "public",
        "kind": "s3",
        "url": f"s3://{s3['bucket']}/public",
        "endpoint": s3["endpoint"],
        "region": "us-east-1",
        "credentials": {"access_key": s3["access_key"], "secret_key": s3["secret_key"]},
    }
    site = alice.json("POST", "/storage-sites", 201, json=body)["id"]
    dataset = new_dataset(site=site, visibility="public")
    alice.json("PUT", f"/datasets/{dataset}/files/open.bin", 201, content=b"open to all")
    path = alice.json("GET", f"/datasets/{dataset}")["path_with_namespace"]
    run(tmp_path, "git", "clone", "-q", f"{stack.ready['gitlab_url']}/{path}.git", "work")
    run(tmp_path / "work", "dvc", "pull")
    assert (tmp_path / "work" / "open.bin").read_bytes() == b"open to all"
