"""What the two kinds of site have in common: keys and bytes, nothing proven yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from core.model.storage import Placement, StoredObject
from storage_sites.intake import Intake


@dataclass(frozen=True, slots=True)
class Found:
    """What a site says of a key: its size, and the md5 that the server itself computed, if it did."""

    size_bytes: int
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An object that is being read: all of it, or a stream that has begun."""

    size_bytes: int
    data: bytes | None
    stream: Iterator[bytes]


class Tags(Enum):
    """Whether the tags of a site are the md5s of what it holds; learned from what it answers."""

    UNKNOWN = "unknown"
    MD5 = "md5"
    OTHER = "other"  # encrypted by the site, or a folder


class Store(Protocol):
    """One site. Every method may raise Unavailable within 10 seconds."""

    tags: Tags

    @property
    def name(self) -> str:
        """The site's name."""

    @property
    def pool(self) -> Executor:
        """Threads of this site alone; they use `in_pool()`."""

    def in_pool(self) -> Store:
        """Return the same for threads of the pool, which are bounded by being so many."""

    def find(self, key: str) -> Found | None:
        """Return what is at `key`."""

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Found]:
        """Return those of many object keys that are there, asked in parallel."""

    def open(self, key: str, size_bytes: int | None, whole_bytes: int) -> Opened | None:
        """Begin to read `key`: whole where it has at most `whole_bytes`, else as a stream.

        `size_bytes` is what is expected; the bytes of an object of another size are not fetched.
        """

    def read_range(self, key: str, first: int, length_bytes: int) -> bytes | None:
        """Return some bytes of a key, fewer if it is too short; None where there is no such key."""

    def put(self, placement: Placement, intake: Intake, slot: str | None = None) -> StoredObject:
        """Store what comes in under the key of its md5; proven when it returns.

        What is there is kept, if it is right, and repaired, if it is not. Large ones may go to the
        slot instead, where nothing is.
        """

    def create(self, placement: Placement, name: str, data: bytes) -> bool:
        """Write a small file that is no object into the placement; False where there is one."""

    def remove(self, keys: Sequence[str]) -> None:
        """Remove keys: markers, staging, probes, and objects that garbage collection claimed.

        Absent ones are fine.
        """

    def list_folders(self, prefix: str) -> Sequence[str]:
        """Return the names directly below `prefix` that have something below them."""

    def abort_upload(self, key: str, multipart_id: str | None) -> None:
        """Abort a multipart upload that did not end; all of that key, if its id is not known."""
