"""What tests of transfers stand on: datasets on sites of all kinds, files, and what a watch was told."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench.stack import Running
from labset.transport.connection import Connection
from labset.watch import Watch
from tests.integration.house.checkout import ROOT

MIB = 1024 * 1024


@dataclass
class Told(Watch):
    """Remembers what it was told."""

    said: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0
    wanted: tuple[int, int] = (0, 0)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, what: str, files: int, bytes_: int) -> None:
        if what.startswith(("Upload", "Download")):
            self.wanted = (files, bytes_)
            self.files = self.bytes = 0

    def advance(self, files: int = 0, bytes_: int = 0) -> None:
        with self.lock:
            self.files += files
            self.bytes += bytes_

    def say(self, text: str) -> None:
        self.said.append(text)


@dataclass(frozen=True)
class Lab:
    """A running stack as alice sees it."""

    running: Running
    connection: Connection

    def new_dataset(self, site: int | None = None) -> int:
        """Return a dataset that is bound to a site, else to the demo's S3."""
        body = {"name": f"t{secrets.token_hex(6)}", "namespace": "lab", "kind": "album"}
        made = self.connection.send("POST", "datasets", json=body).json()["id"]
        place = {"site_id": site or self.site("s3")}
        self.connection.send("PUT", f"datasets/{made}/storage-site", json=place)
        return int(made)

    def site(self, kind: str) -> int:
        """Return a site of the demo."""
        sites = self.connection.get_json("storage-sites", kind=kind)
        return int(next(one["id"] for one in sites if not one["name"].startswith("wired")))

    def wired_site(self, endpoint: str) -> int:
        """Return a new S3 site that people reach at `endpoint`."""
        s3 = self.running.ready["s3"]
        body = {
            "name": f"wired-{secrets.token_hex(4)}",
            "namespace": "lab",
            "visibility": "private",
            "kind": "s3",
            "url": f"s3://{s3['bucket']}/{secrets.token_hex(4)}",
            "endpoint": s3["endpoint"],
            "public_endpoint": endpoint,
            "region": "us-east-1",
            "credentials": {"access_key": s3["access_key"], "secret_key": s3["secret_key"]},
        }
        return int(self.connection.send("POST", "storage-sites", json=body).json()["id"])

    def spoil(self, md5: str, data: bytes) -> None:
        """Put other bytes under the name of an object, as a broken disk would."""
        bucket = self.running.ready["s3"]["bucket"]
        pages = self._s3().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        ending = f"files/md5/{md5[:2]}/{md5[2:]}"
        keys = [row["Key"] for page in pages for row in page.get("Contents", ())]
        for key in keys:
            if key.endswith(ending):
                self._s3().put_object(Bucket=bucket, Key=key, Body=data)

    def _s3(self) -> Any:  # noqa: ANN401 - boto3's clients have no type of their own
        s3 = self.running.ready["s3"]
        return boto3.client(
            "s3",
            endpoint_url=s3["endpoint"],
            aws_access_key_id=s3["access_key"],
            aws_secret_access_key=s3["secret_key"],
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )


def fill(root: Path, sizes: Mapping[str, int], seed: int = 1) -> Path:
    """Write random files and return the folder with a slash: what it holds is meant."""
    chance = random.Random(seed)
    for name, size in sizes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size))
    return root


def inside(root: Path) -> str:
    """Name a folder so that what it holds is meant."""
    return f"{root}/"


def files_of(root: Path) -> dict[str, str]:
    """Return the md5 of every file below a folder, also of hidden ones."""
    return {
        str(path.relative_to(root)): md5_of(path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def md5_of(data: bytes) -> str:
    """Return the md5 of bytes."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def start(words: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `labset` with these words."""
    return subprocess.Popen(
        [sys.executable, "-m", "labset", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(process: subprocess.Popen[bytes], limit_seconds: float = 120) -> tuple[int, str]:
    """Wait for a command; return its exit code and all that it said."""
    out, _ = process.communicate(timeout=limit_seconds)
    return process.returncode, out.decode()


def kill_when(process: subprocess.Popen[bytes], holds: Callable[[], bool]) -> None:
    """Kill -9 a command as soon as something holds; it must not have ended before."""
    deadline = time.monotonic() + 60
    while not holds():
        assert process.poll() is None, finish(process)
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    finish(process)


def noted_bytes(folder: Path) -> int:
    """Return how much of large files is noted as arrived below a folder."""
    total = 0
    for note in folder.glob(".labset/*.json"):
        have = json.loads(note.read_text(encoding="ascii"))["have"]
        total += sum(have.values())
    return total
