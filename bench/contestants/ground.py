"""What every contestant is given, and what it has to be able to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from bench.programs import Shell, make_shell
from bench.stack import Running

_FIRST = "first"


class Contestant(Protocol):
    """Publishes the folder `tree`, whatever has changed in it, and gets it back elsewhere.

    What it is made with is not measured: folders, keys, an empty repository or dataset.
    """

    tree: Path

    def publish(self) -> None:
        """Add what is new or changed in `tree`, and bring it to where others find it."""

    def pull(self, goal: Path) -> None:
        """Bring everything into a folder that is not there yet, on a machine that knows nothing."""

    def pull_one(self, goal: Path, path: str) -> None:
        """Bring one file, likewise."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder and a bucket of its own, and a shell whose home is in that folder."""

    stack: Running
    folder: Path
    bucket: str
    shell: Shell

    @property
    def endpoint(self) -> str:
        """The S3 server's address."""
        return str(self.stack.ready["s3"]["endpoint"])

    @property
    def keys(self) -> tuple[str, str]:
        """The access key and the secret one."""
        s3 = self.stack.ready["s3"]
        return str(s3["access_key"]), str(s3["secret_key"])

    def copy_tree(self, source: Path, tree: Path) -> None:
        """Copy the files to publish into a folder, which may be there."""
        shutil.copytree(source, tree, dirs_exist_ok=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of contestants: what it needs, and how it gets ready."""

    name: str
    programs: tuple[str, ...]
    apt: str
    enter: Callable[[Ground, Path], AbstractContextManager[Contestant]]
    version: tuple[str, ...]
    sets: tuple[str, ...] = ("small", "large", "huge")


class Absent(Exception):
    """A peer that cannot be had here; the text says how to get it."""


@contextmanager
def prepared_ground(stack: Running, folder: Path, bucket: str) -> Iterator[Ground]:
    """Yield a ground; afterwards neither the folder nor the bucket is there any more."""
    folder.mkdir(parents=True)
    s3 = _connect(stack)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=_FIRST, Body=b"-")  # SeaweedFS takes a second for its volumes
    s3.delete_object(Bucket=bucket, Key=_FIRST)
    try:
        yield Ground(stack, folder, bucket, make_shell(folder / "home"))
    finally:
        s3.delete_bucket(Bucket=bucket)  # SeaweedFS drops what it holds, and the space is free
        remove(folder)


def remove(folder: Path) -> None:
    """Delete a folder, write-protected files and all."""
    for inner in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        if not inner.is_symlink():
            inner.chmod(0o700)
    shutil.rmtree(folder)


def _connect(stack: Running) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
    s3 = stack.ready["s3"]
    return boto3.client(
        "s3",
        endpoint_url=s3["endpoint"],
        aws_access_key_id=s3["access_key"],
        aws_secret_access_key=s3["secret_key"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
