"""Objects too large for one request: sent in parts to staging keys, read back, then named.

Source:  PROMISES.md, "Links": the name exists only once the bytes are proven.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import Final

from core.errors import Unavailable
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake
from storage_sites.keys import new_staging_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_multipart import PART_BYTES, Multipart
from storage_sites.s3_naming import Naming, clean_up
from storage_sites.site_threads import SiteThreads

SEGMENT_PARTS: Final = 16  # proven and copied while the next ones arrive
LAST_SEGMENT_PARTS: Final = 10_000  # as many as S3 allows
_UNPROVEN_SEGMENTS: Final = 2  # no more wait for their proof, so that little is left at the end
_SEGMENTS: Final = 500  # of 128 MiB, with the copies of which a multipart upload still has room
_PARTS_AT_ONCE: Final = 2  # with the part that is being filled: at most 32 MiB


class LargePut:
    """One large object on its way to its name; whatever happens, nothing stays behind.

    It goes to several staging keys. A thread of its own proves each that is full, and copies it
    towards the name, if that was announced, while the next one is filled.
    """

    def __init__(
        self,
        connection: S3Connection,
        staging: StagingRecords,
        placement: Placement,
        *,
        segment_parts: int = SEGMENT_PARTS,
    ) -> None:
        self._connection = connection
        self._staging = staging
        self._placement = placement
        self._segment_parts = segment_parts
        self._segments: list[Multipart] = []
        self._naming = Naming(connection, staging, placement)
        self._prover = SiteThreads(1, thread_name_prefix="proof")
        self._proofs: list[Future[str | None]] = []

    def store(self, intake: Intake, pieces: list[bytes]) -> StoredObject:
        """Store the pieces that were taken already, which are taken from the list, and the rest.

        Raises:  Invalid (wrong size or checksum), Unavailable.
        """
        with self._naming:
            try:
                self._send(intake, pieces)
                stored = intake.finish()
                return replace(stored, was_there=self._name(stored))
            finally:
                self._prover.shutdown(cancel_futures=True)
                self._clean_up()

    def _send(self, intake: Intake, pieces: list[bytes]) -> None:
        pieces.reverse()
        while pieces:
            self._segment(intake).send(pieces.pop(), at_once=_PARTS_AT_ONCE)
            if not pieces and not intake.ended:
                pieces.extend(filter(None, (intake.take(PART_BYTES),)))

    def _segment(self, intake: Intake) -> Multipart:
        if self._segments and not self._is_full(self._segments[-1]):
            return self._segments[-1]
        if self._segments:
            self._hand_over(intake)
        key = new_staging_key(self._placement)
        fresh = Multipart(self._connection, self._staging, self._placement, key, key)
        self._segments.append(fresh)
        fresh.begin()
        return fresh

    def _is_full(self, segment: Multipart) -> bool:
        is_last = len(self._segments) > _SEGMENTS or not self._connection.copies_parts
        return segment.parts == (LAST_SEGMENT_PARTS if is_last else self._segment_parts)

    def _hand_over(self, intake: Intake) -> None:
        """Let the thread prove the segment that is full, once it has little else to do."""
        segment = self._segments[-1]
        segment.settle()
        if not self._proofs and intake.expected is not None:
            self._naming.prepare(intake.expected, intake.size_bytes)
        for proof in self._proofs[: 1 - _UNPROVEN_SEGMENTS][-1:]:
            proof.result()
        self._proofs.append(self._prover.submit(self._prove, segment))

    def _prove(self, segment: Multipart) -> str | None:
        segment.complete()
        self._naming.add([(segment.key, segment.size_bytes)])
        digest = self._naming.prove([segment.key])
        self._naming.catch_up()
        return digest

    def _name(self, stored: StoredObject) -> bool:
        """Prove what the site kept and let it have its name."""
        sources = [(segment.key, segment.size_bytes) for segment in self._segments]
        if not self._proofs:
            self._naming.prepare(stored.md5, stored.size_bytes)
        self._proofs.append(self._prover.submit(self._prove, self._segments[-1]))
        if [proof.result() for proof in self._proofs][-1] != stored.sha256:
            raise Unavailable(
                f"The storage site {self._connection.name} did not keep the bytes that it was "
                f"sent. Try again."
            )
        return self._naming.give_name(stored, sources)

    def _clean_up(self) -> None:
        for segment in self._segments:
            clean_up(segment, remove_key=True)
