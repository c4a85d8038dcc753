"""One site that sits the exam: `Objects` over it, and a way behind its back."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from core.model.access import Secret
from core.model.names import DatasetId, Md5, SiteId
from core.model.storage import Placement, SiteAddress, SiteKeys, SiteKind, SiteRecord
from core.ports import Objects
from storage_sites.objects import SiteObjects
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeObjects
from tests.fakes.records import FakeFacts, FakeStaging
from tests.storage_servers import BUCKET, S3Server

PREFIX = "sites/one"


class Behind(Protocol):
    """What somebody with the keys of the site can do without Labset."""

    def write(self, key: str, data: bytes) -> None:
        """Put bytes at a key, whatever is there."""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""

    def uploads(self) -> list[str]:
        """Return the keys of multipart uploads that did not end."""


@dataclass(frozen=True)
class World:
    """One dataset on one site."""

    kind: str
    objects: Objects
    placement: Placement
    behind: Behind
    facts: FakeFacts
    staging: FakeStaging

    def key(self, md5: Md5) -> str:
        """Return where DVC looks for an object."""
        return f"{self.placement.prefix}/files/md5/{md5.hex[:2]}/{str(md5)[2:]}"

    def legacy_key(self, md5: Md5) -> str:
        """Return where DVC 2 looked for it."""
        return f"{self.placement.prefix}/{md5.hex[:2]}/{str(md5)[2:]}"

    def objects_there(self) -> list[str]:
        """Return the keys of the dataset's objects."""
        return self.behind.keys(f"{self.placement.prefix}/files/")

    def slots_there(self) -> list[str]:
        """Return the slots in which something lies."""
        keys = self.behind.keys(f"{self.placement.prefix}/large/")
        return [key.rpartition("/")[2] for key in keys]

    def leftovers(self) -> list[str]:
        """Return temporary keys, uploads and records that should be gone."""
        staged = self.behind.keys(f"{self.placement.prefix}/staging/")
        return [*staged, *self.behind.uploads(), *(key for _, key in self.staging.held)]


def md5_of(data: bytes) -> Md5:
    """Return the name of some bytes."""
    return Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())


def new_prefix(site_prefix: str) -> str:
    """Return a place that no other test has."""
    place = f"7-{secrets.token_hex(8)}"
    return f"{site_prefix}/{place}" if site_prefix else place


class BehindS3:
    """boto3 with the site's keys."""

    def __init__(self, server: S3Server) -> None:
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def write(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def keys(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def uploads(self) -> list[str]:
        answer = self.client.list_multipart_uploads(Bucket=BUCKET)
        return [one["Key"] for one in answer.get("Uploads", [])]


class BehindFolder:
    """The folder itself."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, key: str, data: bytes) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def keys(self, prefix: str) -> list[str]:
        # a folder may go while we look: what it held is gone as well
        found = (
            Path(top) / name for top, _, names in os.walk(self.root / prefix) for name in names
        )
        return [path.relative_to(self.root).as_posix() for path in found]

    def uploads(self) -> list[str]:
        return []


class BehindFake:
    """The fake's own dict."""

    def __init__(self, fake: FakeObjects) -> None:
        self.fake = fake

    def write(self, key: str, data: bytes) -> None:
        self.fake.bytes_at[key] = data

    def keys(self, prefix: str) -> list[str]:
        return [key for key in self.fake.bytes_at if key.startswith(prefix)]

    def uploads(self) -> list[str]:
        return []


def s3_address(server: S3Server) -> SiteAddress:
    """Return the address of the tests' bucket."""
    return SiteAddress(SiteKind.S3, f"s3://{BUCKET}/{PREFIX}", server.endpoint, None, "us-east-1")


def s3_keys(server: S3Server) -> SiteKeys:
    """Return the server's keys."""
    return SiteKeys(Secret(server.access_key), Secret(server.secret_key))


def s3_world(kind: str, server: S3Server, allowed_hosts: Sequence[str] = ("127.0.0.1",)) -> World:
    """Return a dataset on an S3 server, checked as registration does."""
    facts, staging = FakeFacts(), FakeStaging()
    objects = SiteObjects(facts, staging, FakeClock(), allowed_hosts=allowed_hosts)
    site = SiteRecord(SiteId(3), kind, s3_address(server), s3_keys(server), "root")
    site = replace(site, health=objects.check(site.address, site.keys))
    placement = Placement(DatasetId(7), site, new_prefix(PREFIX))
    return World(kind, objects, placement, BehindS3(server), facts, staging)


def folder_world(root: Path) -> World:
    """Return a dataset in a folder."""
    (root / "site").mkdir(parents=True, exist_ok=True)
    facts, staging = FakeFacts(), FakeStaging()
    objects = SiteObjects(facts, staging, FakeClock(), local_roots=[root])
    address = SiteAddress(SiteKind.LOCAL, f"file://{root}/site")
    site = SiteRecord(SiteId(4), "folder", address, None, "root")
    placement = Placement(DatasetId(7), site, new_prefix(""))
    return World("folder", objects, placement, BehindFolder(root / "site"), facts, staging)


def fake_world() -> World:
    """Return a dataset in memory."""
    fake = FakeObjects(FakeClock())
    site = SiteRecord(SiteId(5), "fake", SiteAddress(SiteKind.LOCAL, "file:///x"), None, "root")
    placement = Placement(DatasetId(7), site, new_prefix(""))
    return World("fake", fake, placement, BehindFake(fake), FakeFacts(), FakeStaging())
