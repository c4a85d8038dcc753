"""A bucket as a `Store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import obstore

from core.errors import Unavailable
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake
from storage_sites.keys import object_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_large import LargePut
from storage_sites.s3_multipart import PART_BYTES, abort
from storage_sites.s3_reading import find, found_of, get, md5_of, stream_of
from storage_sites.s3_slots import SlotPut
from storage_sites.store import Found, Opened, Tags

if TYPE_CHECKING:
    from obstore import PutResult

SMALL_BYTES: Final = PART_BYTES  # what is buffered whole and sent in one request
_LIST_FROM: Final = 512  # from so many on, listing the 256 folders is cheaper than asking for each
_PAGE: Final = 1000
_WORTH_A_PAGE: Final = 20  # as many keys found by one page as single questions cost the same


class S3Store:
    """Keys and bytes of one bucket."""

    def __init__(
        self, connection: S3Connection, staging: StagingRecords, *, from_pool: bool = False
    ) -> None:
        self._connection = connection
        self._staging = staging
        self._from_pool = from_pool

    @property
    def name(self) -> str:
        """The site's name."""
        return self._connection.name

    @property
    def pool(self) -> Executor:
        """Threads of this site alone."""
        return self._connection.pool

    @property
    def tags(self) -> Tags:
        """Whether its ETags are md5s, as far as is known."""
        return self._connection.tags

    @tags.setter
    def tags(self, learned: Tags) -> None:
        self._connection.tags = learned

    def in_pool(self) -> S3Store:
        """Return the same for threads of the pool."""
        return S3Store(self._connection, self._staging, from_pool=True)

    def find(self, key: str) -> Found | None:
        """Return what is at `key`."""
        return find(self._connection, key, from_pool=self._from_pool)

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Found]:
        """Return those that are there: each asked for, or their folders listed, in parallel."""
        found: dict[str, Found] = {}
        open_keys = list(dict.fromkeys(keys))
        if len(open_keys) >= _LIST_FROM:
            folders = _by_folder(open_keys)
            open_keys = []
            for listed, beyond in self.pool.map(self._list_folder, folders, folders.values()):
                found |= listed
                open_keys += beyond
        asked = zip(open_keys, self.pool.map(self._find_from_pool, open_keys), strict=True)
        return found | {key: one for key, one in asked if one is not None}

    def open(self, key: str, size_bytes: int | None, whole_bytes: int) -> Opened | None:
        """Begin to read `key`; one request."""
        is_small = size_bytes is not None and size_bytes <= whole_bytes
        store = self._connection.quick if is_small else self._connection.streaming
        with self._connection.call(from_pool=self._from_pool):
            result = get(store, key)
            if result is None:
                return None
            found_bytes = result.meta["size"]
            if size_bytes not in {None, found_bytes}:
                return Opened(found_bytes, None, iter(()))
            if found_bytes <= whole_bytes:
                return Opened(found_bytes, bytes(result.bytes()), iter(()))
        return Opened(found_bytes, None, stream_of(self._connection, result))

    def read_range(self, key: str, first: int, length_bytes: int) -> bytes | None:
        """Return some bytes of a key, fewer if it is too short; None where there is no such key."""
        try:
            if self._connection.serves_ranges:
                return self._read_range(key, first, length_bytes)
        except SiteFailure as problem:
            if problem.failure.kind is Kind.ABSENT:
                return None
            if problem.failure.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return b""
            if problem.failure.kind is not Kind.NOT_PARTIAL:
                raise
            self._connection.serves_ranges = False
        return self._read_range_by_boto(key, first, length_bytes)

    def put(self, placement: Placement, intake: Intake, slot: str | None = None) -> StoredObject:
        """Store what comes in: up to 8 MiB in one request, more in the slot or by staging keys."""
        pieces = [intake.take(SMALL_BYTES)]  # nothing else may hold them while others are sent
        if not intake.ended:
            pieces.append(intake.take(PART_BYTES))
        if any(pieces[1:]):
            stored = self._put_in_slot(placement, intake, pieces, slot) if slot else None
            if stored is not None:
                return stored
            large = LargePut(self._connection, self._staging, placement)
            return large.store(intake, pieces)
        stored = intake.finish()
        was_there = self._put_small(object_key(placement, stored.md5), pieces[0], stored.md5.hex)
        return StoredObject(
            stored.md5, stored.size_bytes, stored.sha256, stored.block_sha256, was_there
        )

    def create(self, placement: Placement, name: str, data: bytes) -> bool:
        """Write a small file that is no object into the placement, unless there is one."""
        key = f"{placement.prefix}/{name}"
        if self.find(key) is not None:  # not every server refuses a second one
            return False
        return self._put_once(key, data) is not None

    def remove(self, keys: Sequence[str]) -> None:
        """Remove keys; absent ones are fine."""
        for key in keys:
            with self._connection.call(from_pool=self._from_pool):
                self._connection.boto.delete_object(Bucket=self._connection.bucket, Key=key)

    def list_folders(self, prefix: str) -> Sequence[str]:
        """Return the names directly below `prefix` that have something below them."""
        with self._connection.call(from_pool=self._from_pool):
            found = obstore.list_with_delimiter(self._connection.quick, prefix or None)
        return [path.rpartition("/")[2] for path in found["common_prefixes"]]

    def abort_upload(self, key: str, multipart_id: str | None) -> None:
        """Abort the multipart upload; all of that key, if its id was never noted."""
        abort(self._connection, key, multipart_id)

    def _put_in_slot(
        self, placement: Placement, intake: Intake, pieces: list[bytes], slot: str
    ) -> StoredObject | None:
        """Store it in the slot; None, with the pieces as they were, where the tags prove nothing."""
        if not self._connection.proves_parts or self.tags is Tags.OTHER:
            return None
        upload = SlotPut(self._connection, self._staging, placement, slot)
        return upload.store(intake, pieces)

    def _read_range(self, key: str, first: int, length_bytes: int) -> bytes:
        with self._connection.call(from_pool=True):
            found = obstore.get_range(self._connection.quick, key, start=first, length=length_bytes)
            return bytes(found)

    def _read_range_by_boto(self, key: str, first: int, length_bytes: int) -> bytes | None:
        """Do without the status 206, which some servers forget."""
        asked = f"bytes={first}-{first + length_bytes - 1}"
        try:
            with self._connection.call(from_pool=True):
                answer = self._connection.boto.get_object(
                    Bucket=self._connection.bucket, Key=key, Range=asked
                )
                with answer["Body"] as body:
                    return body.read(length_bytes)
        except SiteFailure as problem:
            if problem.failure.kind is Kind.ABSENT:
                return None
            raise

    def _find_from_pool(self, key: str) -> Found | None:
        return find(self._connection, key, from_pool=True)

    def _list_folder(
        self, folder: str, keys: Sequence[str]
    ) -> tuple[Mapping[str, Found], Sequence[str]]:
        """Return what of the keys was found, and those that lie beyond what was listed.

        Goes on while a page holds so many of them that asking for each would cost more.
        """
        pages = iter(obstore.list(self._connection.quick, folder, chunk_size=_PAGE))
        found: dict[str, Found] = {}
        beyond = sorted(keys)
        while True:
            with self._connection.call(from_pool=True):
                page = next(pages, [])
            listed = {meta["path"]: meta for meta in page}
            here = [key for key in beyond if key in listed]
            found |= {key: found_of(listed[key]) for key in here}
            if len(page) < _PAGE:
                return found, ()
            last = page[-1]["path"]
            beyond = [key for key in beyond if key > last]
            if not beyond or len(here) < _WORTH_A_PAGE:
                return found, beyond

    def _put_small(self, key: str, data: bytes, md5: str) -> bool:
        """Write an object and prove it; say whether it was there already, and right."""
        tag = self._put_once(key, data)
        if tag is None:
            if self._holds(key, data):
                return True
            with self._connection.call(
                from_pool=self._from_pool
            ):  # damaged: repaired by the right bytes
                tag = _tag_of(obstore.put(self._connection.quick, key, data, use_multipart=False))
        if tag == md5:
            self.tags = Tags.MD5
        elif self._holds(key, data):
            self.tags = Tags.OTHER
        else:
            raise Unavailable(
                f"The storage site {self.name} did not keep the bytes that it was sent. Try again."
            )
        return False

    def _put_once(self, key: str, data: bytes) -> str | None:
        """Write unless something is there (where the server can tell); return the ETag, or None."""
        try:
            with self._connection.call(from_pool=self._from_pool):
                return _tag_of(
                    obstore.put(
                        self._connection.quick, key, data, mode="create", use_multipart=False
                    )
                )
        except SiteFailure as problem:
            if problem.failure.kind is Kind.EXISTS:
                return None
            raise

    def _holds(self, key: str, data: bytes) -> bool:
        try:
            opened = self.open(key, len(data), len(data))
        except SiteFailure as problem:
            if problem.failure.kind is Kind.SILENT:
                raise
            return False  # what cannot be read is damaged as well
        return opened is not None and opened.data == data


def _by_folder(keys: Sequence[str]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for key in keys:
        folders.setdefault(f"{key.rpartition('/')[0]}/", []).append(key)
    return folders


def _tag_of(result: PutResult) -> str:
    """Return the md5 that a PUT was answered with as ETag; "" where it is none."""
    return md5_of(result["e_tag"]) or ""
