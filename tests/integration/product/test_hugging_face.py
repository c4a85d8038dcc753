"""The real `huggingface_hub` and its command line, against the running server."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get

from bench.stack import Running
from tests.integration.product.conftest import Person
from tests.integration.product.hub import Repository

BIN = Path(sys.executable).parent


def test_one_file_by_tag_branch_and_commit(repository: Repository, hub: dict[str, Any]) -> None:
    found = {
        revision: Path(hf_hub_download(repository.name, "model.bin", revision=revision, **hub))
        for revision in ("v1", "main", repository.old, repository.new)
    }
    assert found["main"].read_bytes() == repository.files["model.bin"]
    assert found["main"] == found[repository.new]
    assert found["v1"] == found[repository.old]
    assert found["v1"].read_bytes() != found["main"].read_bytes()
    assert repository.old in str(found["v1"])


def test_a_file_of_a_subfolder_whose_name_must_be_escaped(
    repository: Repository, hub: dict[str, Any]
) -> None:
    path = hf_hub_download(repository.name, "1 ä#1.bin", subfolder="data/train", **hub)
    assert Path(path).read_bytes() == repository.files["data/train/1 ä#1.bin"]
    empty = hf_hub_download(repository.name, "data/empty.bin", **hub)
    assert Path(empty).read_bytes() == b""


def test_a_branch_whose_name_has_slashes(
    carol: Person, repository: Repository, hub: dict[str, Any]
) -> None:
    url = f"/datasets/{repository.id}/files/model.bin"
    there = {"branch": "try/this/one"}
    carol.json("PUT", url, params=there, content=b"on a branch")
    path = hf_hub_download(repository.name, "model.bin", revision="try/this/one", **hub)
    assert Path(path).read_bytes() == b"on a branch"
    folder = snapshot_download(repository.name, revision="try/this/one", **hub)
    assert (Path(folder) / "model.bin").read_bytes() == b"on a branch"


def test_a_whole_snapshot_of_a_tag(repository: Repository, hub: dict[str, Any]) -> None:
    folder = Path(snapshot_download(repository.name, revision="v1", **hub))
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert folder.name == repository.old
    assert found.keys() == repository.files.keys()
    changed = {name for name in found if found[name] != repository.files[name]}
    assert changed == {"model.bin"}


def test_a_part_of_a_snapshot_by_patterns_into_a_folder(
    repository: Repository, hub: dict[str, Any], tmp_path: Path
) -> None:
    del hub["cache_dir"]
    folder = tmp_path / "out"
    patterns: dict[str, Any] = {
        "allow_patterns": ["data/**", "*.md"],
        "ignore_patterns": ["*empty*"],
    }
    snapshot_download(repository.name, local_dir=folder, **patterns, **hub)
    kept = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }
    assert kept == {"README.md", "data/train/1 ä#1.bin", "data/train/2.bin"}
    for name in kept:
        assert (folder / name).read_bytes() == repository.files[name]


def test_the_alias_of_a_dataset_by_its_number(repository: Repository, hub: dict[str, Any]) -> None:
    alias = f"ds/{repository.id}"
    path = hf_hub_download(alias, "model.bin", revision="main", **hub)
    assert Path(path).read_bytes() == repository.files["model.bin"]
    folder = snapshot_download(alias, revision=repository.new, **hub)
    assert (Path(folder) / "README.md").read_bytes() == repository.files["README.md"]


def test_what_is_not_there_is_told_by_its_kind(
    repository: Repository, hub: dict[str, Any], tmp_path: Path
) -> None:
    for revision in ("v9", "no..ref", "f" * 40):
        with pytest.raises(RevisionNotFoundError):
            hf_hub_download(repository.name, "model.bin", revision=revision, **hub)
    with pytest.raises(RevisionNotFoundError):
        snapshot_download(repository.name, revision="v9", **hub)
    for path in ("no.bin", "data", ".git/config", "model.bin/x"):
        with pytest.raises(EntryNotFoundError):
            hf_hub_download(repository.name, path, **hub)
    assert list((tmp_path / "cache").rglob(f".no_exist/{repository.new}/no.bin"))
    for name in ("lab/none", "none/none", "ds/999999", "ds/0"):
        with pytest.raises(RepositoryNotFoundError):
            hf_hub_download(name, "model.bin", **hub)


def test_a_private_dataset_is_not_there_without_a_token_of_a_member(
    repository: Repository, hub: dict[str, Any], bob: Person, stack: Running
) -> None:
    for token in (False, bob.token):
        for name in (repository.name, f"ds/{repository.id}"):
            with pytest.raises(RepositoryNotFoundError):
                hf_hub_download(name, "model.bin", **{**hub, "token": token})
            with pytest.raises(RepositoryNotFoundError):
                snapshot_download(name, **{**hub, "token": token})
    url = f"{stack.ready['app_url']}/datasets/{repository.name}/resolve/main/model.bin"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": f"Bearer {bob.token}"}).status_code == 404
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as refused:
        hf_hub_download(repository.name, "model.bin", **{**hub, "token": "glpat-wrong"})
    assert not isinstance(refused.value, RepositoryNotFoundError)


def test_who_may_not_read_the_site_is_told_so(
    alice: Person, bob: Person, repository: Repository, hub: dict[str, Any], stack: Running
) -> None:
    alice.json("PATCH", f"/datasets/{repository.id}", json={"visibility": "internal"})
    with pytest.raises(GatedRepoError, match="Needs access to the storage site"):
        hf_hub_download(repository.name, "model.bin", **{**hub, "token": bob.token})
    api: Any = HfApi(endpoint=stack.ready["app_url"], token=bob.token)
    assert api.dataset_info(repository.name).sha == repository.new
    path = hf_hub_download(repository.name, "README.md", **{**hub, "token": bob.token})
    assert Path(path).read_bytes() == repository.files["README.md"]


def test_a_download_goes_on_where_it_was_cut(repository: Repository, hub: dict[str, Any]) -> None:
    name = "data/train/1 ä#1.bin"
    data = repository.files[name]
    url = f"{hub['endpoint']}/datasets/{repository.name}/resolve/v1/data/train/1%20%C3%A4%231.bin"
    who = {"Authorization": f"Bearer {hub['token']}", "Accept-Encoding": "identity"}
    head = httpx.head(url, headers=who)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert head.headers["X-Repo-Commit"] == repository.old
    assert head.headers["X-Linked-Etag"] == head.headers["ETag"] == f'"{md5}"'
    assert head.headers["X-Linked-Size"] == head.headers["Content-Length"] == str(len(data))
    rest = httpx.get(url, headers={**who, "Range": "bytes=123456-"})
    assert (rest.status_code, rest.content) == (206, data[123_456:])
    kept = io.BytesIO(data[:99_999])
    kept.seek(0, io.SEEK_END)
    http_get(url, kept, headers=dict(who), resume_size=99_999, expected_size=len(data))
    assert kept.getvalue() == data
    beyond = httpx.get(url, headers={**who, "Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(data)}"


def test_the_command_line(
    stack: Running, carol: Person, repository: Repository, tmp_path: Path
) -> None:
    environment = os.environ | {
        "HF_ENDPOINT": stack.ready["app_url"],
        "HF_TOKEN": carol.token,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }

    def hf(*words: str, fails: bool = False) -> str:
        command = [str(BIN / "hf"), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    what = ("download", repository.name, "--repo-type", "dataset")
    out = tmp_path / "out"
    hf(*what, "--revision", "v1", "--local-dir", str(out))
    kept = {name: (out / name).read_bytes() for name in repository.files}
    assert {name for name in kept if kept[name] != repository.files[name]} == {"model.bin"}
    hf(*what, "data/train/", "--local-dir", str(tmp_path / "part"))
    assert (tmp_path / "part" / "data" / "train" / "2.bin").stat().st_size == 10
    assert not (tmp_path / "part" / "model.bin").exists()
    assert "carol" in hf("auth", "whoami")
    assert "Revision not found" in hf(*what, "--revision", "v9", fails=True)
    dry = hf(*what, "--revision", "v1", "--dry-run", "--cache-dir", str(tmp_path / "cache"))
    assert "5 files" in dry


def test_addresses_that_name_no_revision_or_file(
    stack: Running, carol: Person, repository: Repository
) -> None:
    base = f"{stack.ready['app_url']}/datasets/{repository.name}/resolve"
    who = {"Authorization": f"Bearer {carol.token}"}
    for rest, code in (
        ("main", "EntryNotFound"),
        ("main%2Fmodel.bin", "RevisionNotFound"),
        ("main/%2Fmodel.bin%2F", None),
        ("main/data%2Ftrain%2F2.bin", None),
        ("-x/model.bin", "RevisionNotFound"),
    ):
        answer = httpx.get(f"{base}/{rest}", headers=who)
        assert answer.headers.get("X-Error-Code") == code, rest
        assert answer.status_code == (404 if code else 200)
        if code:
            assert json.loads(answer.content).keys() == {"error", "message", "details"}
    app = stack.ready["app_url"]
    for name in ("%01x/y%7F", "l%0D%0Ab/%C3%A4", "a/b%2Fc"):
        answer = httpx.get(f"{app}/api/datasets/{name}", headers=who)
        assert answer.status_code == 404, name
        assert "\n" not in answer.headers.get("X-Error-Message", "")


def test_a_dataset_of_a_nested_group_is_there_by_its_number(
    alice: Person, s3_site: int, stack: Running, hub: dict[str, Any]
) -> None:
    gitlab = f"{stack.ready['gitlab_url']}/api/v4"
    who = {"PRIVATE-TOKEN": alice.token}
    lab = httpx.get(f"{gitlab}/groups/lab", headers=who).json()["id"]
    path = f"inner-{secrets.token_hex(3)}"
    group = {"name": path, "path": path, "parent_id": lab}
    assert httpx.post(f"{gitlab}/groups", json=group, headers=who).status_code == 201
    body = {"name": f"deep {secrets.token_hex(3)}", "namespace": f"lab/{path}", "kind": "album"}
    made = alice.json("POST", "/datasets", 201, json=body)
    alice.json("PUT", f"/datasets/{made['id']}/storage-site", json={"site_id": s3_site})
    alice.json("PUT", f"/datasets/{made['id']}/files/a/b.bin", 201, content=b"deep")
    found = hf_hub_download(f"ds/{made['id']}", "a/b.bin", **hub)
    assert Path(found).read_bytes() == b"deep"
