"""By which ways DVC comes in: who it says it is, by which verb it sends, what it asks for."""

from __future__ import annotations

import base64
import hashlib
import secrets
from pathlib import Path

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person
from tests.integration.product.test_dvc import clone, run

WAYS: dict[str, dict[str, str]] = {
    "bearer": {"auth": "custom", "custom_auth_header": "Authorization", "password": "Bearer {}"},
    "bare": {"auth": "custom", "custom_auth_header": "Authorization", "password": "{}"},
    "gitlab": {"auth": "custom", "custom_auth_header": "PRIVATE-TOKEN", "password": "{}"},
    "basic": {"auth": "basic", "user": "whoever", "password": "{}"},
    "put": {
        "auth": "custom",
        "custom_auth_header": "Authorization",
        "password": "Bearer {}",
        "method": "PUT",
    },
}


@pytest.fixture
def dataset(new_dataset: NewDataset) -> int:
    return new_dataset()


def way_in(work: Path, way: str, token: str) -> None:
    for name, value in WAYS[way].items():
        run(work, "dvc", "remote", "modify", "--local", "labset", name, value.format(token))


@pytest.mark.parametrize("way", tuple(WAYS))
def test_push_status_fetch_and_pull_of_files_and_folders(
    way: str, stack: Running, carol: Person, dataset: int, tmp_path: Path
) -> None:
    work = clone(stack, carol, dataset, tmp_path)
    way_in(work, way, carol.token)
    files = {
        "single.bin": secrets.token_bytes(9_000_000),
        "empty.bin": b"",
        "raw/one.bin": b"one",
        "raw/deep/zwei ü.bin": secrets.token_bytes(70_000),
    }
    for name, data in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(data)
    run(work, "dvc", "add", "-q", "single.bin", "empty.bin", "raw")
    run(work, "git", "add", "-A")
    run(work, "git", "commit", "-q", "-m", "add")
    assert "new:" in run(work, "dvc", "status", "-c")
    run(work, "dvc", "push")
    assert "in sync" in run(work, "dvc", "status", "-c")
    run(work, "git", "push", "-q")

    (tmp_path / "elsewhere").mkdir()
    fresh = clone(stack, carol, dataset, tmp_path / "elsewhere")
    way_in(fresh, way, carol.token)
    assert "not in cache" in run(fresh, "dvc", "data", "status", "--not-in-remote").lower()
    run(fresh, "dvc", "fetch", "raw")
    run(fresh, "dvc", "pull")
    for name, data in files.items():
        assert (fresh / name).read_bytes() == data


def test_one_file_of_a_folder_alone(
    stack: Running, carol: Person, dataset: int, tmp_path: Path
) -> None:
    work = clone(stack, carol, dataset, tmp_path)
    way_in(work, "bearer", carol.token)
    (work / "raw").mkdir()
    for name in ("one", "two"):
        (work / "raw" / name).write_bytes(name.encode())
    run(work, "dvc", "add", "-q", "raw")
    run(work, "git", "add", "-A")
    run(work, "git", "commit", "-q", "-m", "add")
    run(work, "dvc", "push")
    run(work, "git", "push", "-q")
    (tmp_path / "elsewhere").mkdir()
    fresh = clone(stack, carol, dataset, tmp_path / "elsewhere")
    way_in(fresh, "basic", carol.token)
    run(fresh, "dvc", "pull", "raw/two")
    assert [path.name for path in (fresh / "raw").iterdir()] == ["two"]


@pytest.mark.parametrize("verb", ("POST", "PUT"))
@pytest.mark.parametrize("chunked", (True, False))
def test_bytes_come_in_chunks_or_with_their_length(
    *, verb: str, chunked: bool, carol: Person, dataset: int
) -> None:
    data = secrets.token_bytes(3_000_000)
    url = f"{_remote(carol, dataset)}/{_place(data)}"
    pieces = (data[start : start + 100_001] for start in range(0, len(data), 100_001))
    first = carol.http.request(verb, url, content=pieces if chunked else data)
    assert (first.status_code, first.json()["size"]) == (201, len(data))
    again = carol.http.request(verb, url, content=data)
    assert again.status_code == 200
    assert carol.http.get(url).content == data


def test_head_and_ranges_and_no_redirect_for_whom_ever(carol: Person, dataset: int) -> None:
    data = secrets.token_bytes(500_000)
    url = f"{_remote(carol, dataset)}/{_place(data)}"
    carol.http.post(url, content=data)
    pair = base64.b64encode(f"anybody:{carol.token}".encode()).decode()
    for who in (
        {"Authorization": f"Bearer {carol.token}", "Prefer": "redirect"},
        {"Authorization": carol.token},
        {"Authorization": f"Basic {pair}"},
        {"PRIVATE-TOKEN": carol.token},
    ):
        asked = {**who, "Accept-Encoding": "identity"}
        head = httpx.head(url, headers=asked, params={"redirect": "1"})
        assert (head.status_code, head.headers["Content-Length"]) == (200, "500000")
        assert head.headers["Accept-Ranges"] == "bytes"
        part = httpx.get(url, headers={**asked, "Range": "bytes=1000-1999"})
        assert (part.status_code, part.content) == (206, data[1000:2000])
        whole = httpx.get(url, headers=asked, params={"redirect": "1"})
        assert (whole.status_code, whole.content) == (200, data)
        assert "Content-Encoding" not in whole.headers


def test_the_way_in_is_answered_at_once_and_listing_is_not_known(
    carol: Person, dataset: int
) -> None:
    root = carol.http.get(_remote(carol, dataset))
    assert (root.status_code, root.content) == (200, b"")
    assert carol.http.get(f"{_remote(carol, dataset)}/aa").status_code == 404
    assert carol.http.delete(f"{_remote(carol, dataset)}/aa/{'b' * 30}").status_code == 405


def _remote(who: Person, dataset: int) -> str:
    base = str(who.http.base_url).removesuffix("/api/v1/")
    return f"{base}/dvc/{dataset}/files/md5"


def _place(data: bytes) -> str:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return f"{md5[:2]}/{md5[2:]}"
