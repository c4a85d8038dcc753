"""Storage sites, the placement of a dataset on one, and what is known of its objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from core.model.access import AccessLevel, Secret, Visibility
from core.model.dataset import Namespace
from core.model.names import DatasetId, FilePath, Md5, SiteId

BLOCK_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024


class SiteKind(StrEnum):
    """Where the bytes of a site lie."""

    S3 = "s3"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """Where a site is; frozen once a dataset is bound.

    `url` is `s3://bucket/prefix` or `file:///absolute/folder`. `endpoint` is how the server reaches
    an S3 service, `public_endpoint` how browsers do (None: they cannot, or the same).
    """

    kind: SiteKind
    url: str
    endpoint: str | None = None
    public_endpoint: str | None = None
    region: str | None = None

    def is_elsewhere(self, other: SiteAddress) -> bool:
        """Whether bytes at one address do not lie at the other."""
        return (self.kind, self.url, self.endpoint) != (other.kind, other.url, other.endpoint)


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The credentials of an S3 site; None for local folders."""

    access_key: Secret
    secret_key: Secret


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of the site check: its name, whether it went well, how long it took."""

    name: str
    ok: bool
    seconds: float
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """The last check of a site. `browser_transfer`: browsers may PUT and GET there directly."""

    ok: bool
    checked_at: datetime
    steps: tuple[CheckStep, ...] = ()
    browser_transfer: bool = False


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """What the ledger keeps of a site."""

    id: SiteId
    name: str
    address: SiteAddress
    keys: SiteKeys | None
    registered_by: str
    health: SiteHealth | None = None


@dataclass(frozen=True, slots=True)
class SiteProject:
    """The GitLab project of a site as the caller sees it; its role is the site's key."""

    id: SiteId
    name: str
    path_with_namespace: str
    namespace: Namespace
    description: str
    visibility: Visibility
    tags: tuple[str, ...]
    gitlab_url: str
    level: AccessLevel


@dataclass(frozen=True, slots=True)
class NewSite:
    """What somebody registers."""

    name: str
    namespace: str
    description: str
    visibility: Visibility
    tags: tuple[str, ...]
    address: SiteAddress
    keys: SiteKeys | None


@dataclass(frozen=True, slots=True)
class SiteChanges:
    """What to change of a site; None leaves it."""

    name: str | None = None
    description: str | None = None
    visibility: Visibility | None = None
    tags: tuple[str, ...] | None = None
    address: SiteAddress | None = None
    keys: SiteKeys | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """A dataset's one place on a site: everything of it lies under `prefix`.

    `prefix` is the key prefix inside the bucket (or the folder below the site's root), without
    slashes at its ends: `<site prefix>/<dataset id>-<random>`. Objects lie under
    `<prefix>/files/md5/<2 hex>/<30 hex>[.dir]`.
    """

    dataset_id: DatasetId
    site: SiteRecord
    prefix: str


def place_on(address: SiteAddress, name: str) -> str:
    """Return the prefix of a placement that has this name on a site: `<site prefix>/<name>`."""
    if address.kind is SiteKind.LOCAL:
        return name
    prefix = urlsplit(address.url).path.strip("/")
    return f"{prefix}/{name}" if prefix else name


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Bytes that were stored and verified; under `slot`, where they have no name by their md5."""

    md5: Md5
    size_bytes: int
    sha256: str
    block_sha256: tuple[str, ...] = ()
    was_there: bool = False
    slot: str = ""


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What is known of an object after it was read once in full.

    `block_sha256`: sha256 (hex) of each 4 MiB block (`BLOCK_BYTES`); empty for objects of at most
    one block, which are read whole.
    """

    md5: Md5
    size_bytes: int
    sha256: str
    block_sha256: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ByteRange:
    """First and last byte asked for, both inside the file and included, as HTTP counts."""

    first: int
    last: int

    @property
    def length_bytes(self) -> int:
        """How many bytes it spans."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class WantedObject:
    """One of many objects that are to be read, as its pointer tells it; `byte_range`: of it this.

    `slot` is where it lies that has no name by its md5.
    """

    md5: Md5
    size_bytes: int
    byte_range: ByteRange | None = None
    legacy: bool = False
    slot: str = ""


@dataclass(frozen=True, slots=True)
class OpenObject:
    """Bytes on their way out: `chunks` raises Damaged before the last block, if they are wrong.

    `size_bytes` is the whole object's size, also for a range.
    """

    size_bytes: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Link:
    """A presigned request that anybody may make for a short while (≤ 60 s)."""

    method: Literal["GET", "PUT"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One small file of a batch on its way in."""

    path: FilePath
    md5: Md5
    data: bytes
