"""What `huggingface_hub` is told of a dataset: listings, descriptions, its file system."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    HfHubHTTPError,
)

from bench.stack import Running
from tests.integration.product.conftest import Person
from tests.integration.product.hub import Repository
from tests.integration.product.test_dvc import clone, run, set_token
from tests.integration.product.test_permissions import eventually

BIN = Path(sys.executable).parent


def test_the_files_are_listed_with_what_names_them(
    repository: Repository, stack: Running, carol: Person
) -> None:
    api: Any = HfApi(endpoint=stack.ready["app_url"], token=carol.token)
    options = {"repo_type": "dataset", "revision": "main"}

    def listed_now() -> dict[str, Any]:
        rows = api.list_repo_tree(repository.name, recursive=True, **options)
        return {row.path: row for row in rows}

    eventually(lambda: listed_now()["model.bin"].lfs is not None)  # facts are written in batches
    rows = listed_now()
    assert rows.keys() == {*repository.files, "data", "data/train"}
    binary, text = rows["model.bin"], rows["README.md"]
    data = repository.files["model.bin"]
    assert binary.size == len(data)
    assert binary.lfs.sha256 == hashlib.sha256(data).hexdigest()
    readme = repository.files["README.md"]
    blob = b"blob %d\0%s" % (len(readme), readme)
    assert text.blob_id == hashlib.sha1(blob, usedforsecurity=False).hexdigest()
    direct = api.list_repo_tree(repository.name, "data", expand=True, **options)
    listed = {row.path: row for row in direct}
    assert listed.keys() == {"data/empty.bin", "data/train"}
    assert listed["data/empty.bin"].last_commit.oid == repository.old
    paths = ["model.bin", "data/train", "none", "data//x"]
    told = api.get_paths_info(repository.name, paths, expand=True, **options)
    assert [row.path for row in told] == ["model.bin", "data/train"]
    assert told[0].last_commit.oid == repository.new
    checked = api.verify_repo_checksums(
        repository.name,
        repo_type="dataset",
        local_dir=snapshot_download(
            repository.name,
            repo_type="dataset",
            endpoint=api.endpoint,
            token=carol.token,
            local_dir=stack.home / f"verified-{repository.id}",
        ),
    )
    assert not checked.mismatches
    assert checked.checked_count == len(repository.files)


def test_a_listing_comes_in_pages_of_one_commit(
    repository: Repository, stack: Running, carol: Person
) -> None:
    url = f"{stack.ready['app_url']}/api/datasets/{repository.name}/tree/v1"
    who = {"Authorization": f"Bearer {carol.token}"}
    paths: list[str] = []
    params: dict[str, str] | None = {"recursive": "true", "limit": "3"}
    while url:
        answer = httpx.get(url, headers=who, params=params)
        paths += [row["path"] for row in answer.json()]
        url, params = answer.links.get("next", {}).get("url", ""), None
        assert not url or f"/tree/{repository.old}?" in url
    assert paths == [
        "README.md",
        "data",
        "data/empty.bin",
        "data/train",
        "data/train/1 ä#1.bin",
        "data/train/2.bin",
        "model.bin",
    ]


def test_a_dataset_is_described(repository: Repository, stack: Running, carol: Person) -> None:
    api: Any = HfApi(endpoint=stack.ready["app_url"], token=carol.token)
    info = api.dataset_info(repository.name)
    assert (info.id, info.sha, info.private) == (repository.name, repository.new, True)
    assert {one.rfilename for one in info.siblings} == repository.files.keys()
    assert info.last_modified >= info.created_at.replace(microsecond=0)  # git counts seconds
    old = api.dataset_info(repository.name, revision="v1", files_metadata=True)
    sizes = {one.rfilename: one.size for one in old.siblings}
    assert old.sha == repository.old
    assert (sizes["model.bin"], sizes["data/empty.bin"]) == (5_000, 0)
    few = api.dataset_info(repository.name, expand=["sha"])
    assert (few.sha, few.siblings) == (repository.new, None)
    me = api.whoami()
    assert (me["name"], me["auth"]["accessToken"]["role"]) == ("carol", "write")
    with pytest.raises(HfHubHTTPError, match="Invalid"):
        HfApi(endpoint=stack.ready["app_url"], token="glpat-wrong").whoami()


def test_their_file_system_reads_parts(
    repository: Repository, stack: Running, carol: Person
) -> None:
    files = HfFileSystem(
        endpoint=stack.ready["app_url"], token=carol.token, skip_instance_cache=True
    )
    root = f"datasets/{repository.name}@v1"
    found = files.find(f"{root}/data")
    assert len(found) == 3
    with files.open(f"{root}/data/train/1 ä#1.bin", "rb") as opened:
        opened.seek(100_000)
        assert opened.read(50) == repository.files["data/train/1 ä#1.bin"][100_000:100_050]


def test_a_packed_folder_is_a_folder(
    stack: Running, carol: Person, repository: Repository, hub: dict[str, Any], tmp_path: Path
) -> None:
    work = clone(stack, carol, repository.id, tmp_path)
    set_token(work, carol.token)
    (work / "raw" / "deep").mkdir(parents=True)
    (work / "raw" / "one.bin").write_bytes(b"one")
    (work / "raw" / "deep" / "two.bin").write_bytes(b"two two")
    run(work, "dvc", "add", "-q", "raw")
    run(work, "git", "add", "-A")
    run(work, "git", "commit", "-q", "-m", "add a folder")
    run(work, "dvc", "push")
    run(work, "git", "push", "-q")
    head = run(work, "git", "rev-parse", "HEAD").strip()
    one = hf_hub_download(repository.name, "raw/deep/two.bin", revision=head, **hub)
    assert Path(one).read_bytes() == b"two two"
    folder = Path(snapshot_download(repository.name, revision=head, allow_patterns="raw/**", **hub))
    assert (folder / "raw" / "one.bin").read_bytes() == b"one"
    assert (folder / "raw" / "deep" / "two.bin").read_bytes() == b"two two"
    api: Any = HfApi(endpoint=stack.ready["app_url"], token=carol.token)
    rows = api.get_paths_info(
        repository.name, ["raw", "raw/one.bin"], repo_type="dataset", revision=head
    )
    assert [(row.path, getattr(row, "size", None)) for row in rows] == [
        ("raw", None),
        ("raw/one.bin", 3),
    ]
