"""Objects too large for one request: sent in parts to a staging key, read back, then named.

Source:  PROMISES.md, "Links": the name exists only once the bytes are proven.
"""

from __future__ import annotations

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

SEGMENT_PARTS: Final = 10_000  # as many as S3 allows; a larger object goes to several staging keys
_PARTS_AT_ONCE: Final = 2  # with the part that is being filled: at most 32 MiB


class LargePut:
    """One large object on its way to its name; whatever happens, nothing stays behind."""

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

    def store(self, intake: Intake, pieces: list[bytes]) -> StoredObject:
        """Store the pieces that were taken already, which are taken from the list, and the rest.

        Raises:  Invalid (wrong size or checksum), Unavailable.
        """
        try:
            self._send(intake, pieces)
            stored = intake.finish()
            for segment in self._segments:
                segment.complete()
            return replace(stored, was_there=self._name(stored))
        finally:
            self._clean_up()

    def _send(self, intake: Intake, pieces: list[bytes]) -> None:
        pieces.reverse()
        while pieces:
            self._segment().send(pieces.pop(), at_once=_PARTS_AT_ONCE)
            if not pieces and not intake.ended:
                pieces.extend(filter(None, (intake.take(PART_BYTES),)))

    def _segment(self) -> Multipart:
        if not self._segments or self._segments[-1].parts == self._segment_parts:
            key = new_staging_key(self._placement)
            fresh = Multipart(self._connection, self._staging, self._placement, key, key)
            self._segments.append(fresh)
            fresh.begin()
        return self._segments[-1]

    def _name(self, stored: StoredObject) -> bool:
        """Prove what the site kept and let it have its name."""
        sources = [(segment.key, segment.size_bytes) for segment in self._segments]
        with Naming(self._connection, self._staging, self._placement) as naming:
            naming.prepare(stored.md5, sources)
            if naming.sha256_of([key for key, _ in sources]) != stored.sha256:
                raise Unavailable(
                    f"The storage site {self._connection.name} did not keep the bytes that it was "
                    f"sent. Try again."
                )
            return naming.give_name(stored, sources)

    def _clean_up(self) -> None:
        for segment in self._segments:
            clean_up(segment, remove_key=True)
