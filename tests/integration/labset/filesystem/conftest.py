"""File systems in the names of people, and what they read."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.stack import Running
from labset import Client, LabsetFileSystem
from tests.integration.labset.filesystem.people import FilesOf


@pytest.fixture
def files_of(app_url: str, token_of: Callable[[str], str]) -> FilesOf:
    """Return a new file system in somebody's name."""

    def make(name: str = "alice", server: str = app_url, **options: Any) -> LabsetFileSystem:  # noqa: ANN401 - fsspec's
        token = None if name == "nobody" else token_of(name)
        return LabsetFileSystem(server=server, token=token, skip_instance_cache=True, **options)

    return make


@pytest.fixture
def files(files_of: FilesOf) -> LabsetFileSystem:
    """A new file system in Alice's name."""
    return files_of()


@pytest.fixture
def put(client: Client, tmp_path: Path) -> Callable[[int, str, bytes], str]:
    """Commit one file; return the commit."""

    def commit(dataset_id: int, path: str, body: bytes) -> str:
        local = tmp_path / "put" / Path(path).name
        local.parent.mkdir(exist_ok=True)
        local.write_bytes(body)
        to = str(Path(path).parent)
        return client.upload(dataset_id, [local], to="" if to == "." else to).commit

    return commit


@pytest.fixture(scope="package")
def large() -> bytes:
    """Bytes that do not come in one piece."""
    return random.Random(4).randbytes(21_000_000)


@pytest.fixture(scope="package")
def large_place(
    stack: Running,
    large: bytes,
    s3_site: int,
    local_site: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, str]:
    """Where these bytes lie, on a site of each kind."""
    path = tmp_path_factory.mktemp("large") / "large.bin"
    path.write_bytes(large)
    found = {}
    with Client(str(stack.ready["app_url"]), stack.token) as client:
        for kind, site, namespace in (("s3", s3_site, "lab"), ("local", local_site, "archive")):
            dataset = client.create(f"large {kind}", namespace, site_id=site)
            client.upload(dataset.id, [path])
            found[kind] = f"{dataset.id}@main/large.bin"
    return found
