"""Large files that arrive at a folder by several requests: one temporary file each, filled from its begin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from core.errors import Incomplete, Invalid, NotFound
from core.model.names import Md5
from core.model.parts import Arrived, PartPlan, Staging
from core.model.storage import CHUNK_BYTES, Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake, check_offset
from storage_sites.keys import new_staging_key
from storage_sites.local_folder import telling
from storage_sites.local_store import LocalStore
from storage_sites.store import Opened

_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o600


class LocalParts:
    """The files of one dataset that are not yet whole."""

    def __init__(self, store: LocalStore, staging: StagingRecords, placement: Placement) -> None:
        self._store = store
        self._records = staging
        self._placement = placement

    def begin(self) -> Staging:
        """Make an empty file; recorded before it exists."""
        key = new_staging_key(self._placement)
        self._records.record_staging(self._placement, key, None)
        with telling(self._store.name), self._store.folder_of(key, create=True) as (folder, name):
            os.close(os.open(name, _WRITE | os.O_CREAT | os.O_EXCL, _MODE, dir_fd=folder))
        return Staging(key, None)

    def find_arrived(self, staging: Staging, plan: PartPlan) -> Arrived | None:
        """Return how long the file is, or None where it is gone."""
        found = self._store.find(staging.key)
        return None if found is None else Arrived((), min(found.size_bytes, plan.size_bytes))

    def append(self, staging: Staging, plan: PartPlan, first: int, chunks: Iterable[bytes]) -> int:
        """Keep bytes that go on at `first`; return how many of the file are there."""
        arrived = self.find_arrived(staging, plan)
        if arrived is None:
            raise NotFound("The first part of this file is gone: send it again.")
        check_offset(first, arrived.received_bytes)
        with telling(self._store.name), self._store.folder_of(staging.key) as (folder, name):
            descriptor = os.open(name, _WRITE, dir_fd=folder)
        try:
            for chunk in chunks:
                if first + len(chunk) > plan.size_bytes:
                    raise Invalid("More bytes came than the file has.", code="wrong_size")
                with telling(self._store.name):
                    _write_at(descriptor, first, chunk)
                first += len(chunk)
        finally:
            with telling(self._store.name):
                os.fsync(descriptor)
                os.close(descriptor)
        return first

    def finish(
        self, staging: Staging, plan: PartPlan, expected: Md5, keep_alive: Callable[[], None]
    ) -> StoredObject:
        """Copy it to a file of its name, hashed on the way: nobody can have that one open."""
        opened = self._store.open(staging.key, None, 0)
        if opened is None:
            raise NotFound("What had arrived of this file is gone: send it again.")
        if opened.size_bytes < plan.size_bytes:
            raise Incomplete(f"{opened.size_bytes} of {plan.size_bytes} bytes have arrived.")
        chunks = _telling_of(opened, keep_alive)
        intake = Intake(chunks, expected=expected, size_bytes=plan.size_bytes)
        try:
            stored = self._store.put(self._placement, intake)
        except Invalid:
            self.drop(staging)
            raise
        self.drop(staging)
        return stored

    def drop(self, staging: Staging) -> None:
        """Remove the file."""
        self._store.remove([staging.key])
        self._records.forget_staging(self._placement, staging.key)


def _write_at(descriptor: int, first: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view[: 4 * CHUNK_BYTES], first)
        first += written
        view = view[written:]


def _telling_of(opened: Opened, keep_alive: Callable[[], None]) -> Iterator[bytes]:
    if opened.data is not None:
        yield opened.data
        return
    for chunk in opened.stream:
        yield chunk
        keep_alive()
