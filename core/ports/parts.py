"""Large files that arrive in parts, by several requests or straight at the site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.model.names import FilePath, Md5, UploadId
from core.model.parts import Arrived, PartPlan, StagedFile, Staging
from core.model.storage import Link, Placement, StoredObject


class Parts(Protocol):
    """Bytes at a site that have no name yet."""

    def begin(self, placement: Placement) -> Staging:
        """Make room for a file; recorded before it exists."""

    def find_arrived(
        self, placement: Placement, staging: Staging, plan: PartPlan
    ) -> Arrived | None:
        """Return what is there, or None where the room is gone. Parts of a wrong size count not."""

    def links(
        self, placement: Placement, staging: Staging, plan: PartPlan, numbers: Sequence[int]
    ) -> Mapping[int, Link] | None:
        """Return PUT links for parts, or None where the site takes none."""

    def takes_parts(self, placement: Placement) -> bool:
        """Whether the site gives links to parts."""

    def append(
        self,
        placement: Placement,
        staging: Staging,
        plan: PartPlan,
        first: int,
        chunks: Iterable[bytes],
    ) -> int:
        """Keep bytes that go on at `first`; return how many of the file are there.

        Whatever `chunks` raises is passed on once what came before is kept. Flat memory.
        Raises:  Conflict (`wrong_offset`, details `expected`), Invalid (`wrong_size`), NotFound,
                 if the room is gone.
        """

    def finish(
        self,
        placement: Placement,
        staging: Staging,
        plan: PartPlan,
        expected: Md5,
        keep_alive: Callable[[], None],
    ) -> StoredObject:
        """Join the parts, read the whole back, give it its name, take the room back.

        `keep_alive` is called about every second. Done again after a crash it goes on.
        Raises:  Invalid (`wrong_checksum`): the bytes are gone then; Incomplete; NotFound.
        """

    def drop(self, placement: Placement, staging: Staging) -> None:
        """Take the room back with all that is in it."""


class StagedRecords(Protocol):
    """Which files of upload sessions lie in parts, and where; every method is one transaction."""

    def record_staged(self, upload_id: UploadId, path: FilePath, staging: Staging) -> Staging:
        """Note where a file's parts go; returns the place that somebody noted before, if any did.

        One whose bytes were refused is replaced.
        """

    def list_staged(
        self, upload_id: UploadId, paths: Sequence[FilePath] | None = None
    ) -> Sequence[StagedFile]:
        """Return those of some paths, or of the whole session, by path."""

    def begin_proving(
        self, upload_id: UploadId, path: FilePath, now: datetime, until: datetime
    ) -> bool:
        """Lease the reading back of a file to the caller; False where somebody is at it."""

    def keep_proving(self, upload_id: UploadId, path: FilePath, until: datetime) -> None:
        """Keep the lease alive."""

    def end_proving(
        self, upload_id: UploadId, path: FilePath, problem: tuple[str, str] | None = None
    ) -> None:
        """Drop the lease; `problem` (code, sentence) says that the bytes were refused."""

    def forget_staged(self, upload_id: UploadId, path: FilePath) -> None:
        """Note that nothing of the file lies in parts any more."""


class Beside(Protocol):
    """Work of this process beside its requests; few at a time, gone if the process ends."""

    def start(self, name: str, act: Callable[[], None]) -> bool:
        """Begin `act` in a thread of its own, or return False where there is no room just now."""
