"""Objects too large for one request whose name nobody knows yet: sent to where they stay, named by the ledger.

Source:  docs/decisions/0022-large-assets-lie-in-slots.md.
"""

from __future__ import annotations

import hashlib
from typing import Final

from core.errors import Unavailable
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake
from storage_sites.keys import new_copy_record, slot_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_multipart import PART_BYTES, Multipart, UnprovenPart
from storage_sites.s3_naming import clean_up
from storage_sites.s3_repeating import find_patiently, read_patiently

PARTS_AT_ONCE: Final = 2  # with the part that is being filled, and the pieces of that: 32 MiB
_DOUBLED_FROM: Final = (4_000, 7_000)  # parts, of which S3 allows 10,000: together 172 GiB


class SlotPut:
    """One large object on its way to its slot; nothing is there before all of it was judged.

    What proves it is what proves a single PUT: the md5 with which the site answers each part, and
    the md5 of these as the tag of the whole. Where that tag is another one the object is read.
    """

    def __init__(
        self, connection: S3Connection, staging: StagingRecords, placement: Placement, slot: str
    ) -> None:
        self._connection = connection
        self._slot = slot
        self._is_wrong = False
        key = slot_key(placement, slot)
        record = new_copy_record(key)  # by which the sweeper aborts the upload, and removes no key
        self._upload = Multipart(connection, staging, placement, key, record, proves_parts=True)

    def store(self, intake: Intake, pieces: list[bytes]) -> StoredObject | None:
        """Store the pieces that were taken already, and the rest; it is noted before it is there.

        None, with the pieces as they were, where the site does not answer parts with their md5s.
        Raises:  Invalid (wrong size or checksum), whatever `before_naming` does, Unavailable.
        """
        try:
            self._upload.begin()
            if not self._send_first(pieces):
                self._connection.proves_parts = False
                return None
            pieces.clear()
            self._send_rest(intake)
            stored = intake.finish(self._slot)
            is_told = self._upload.complete()
            self._prove(stored, is_told=is_told)
            return stored
        finally:
            clean_up(self._upload, remove_key=self._is_wrong)

    def _send_first(self, pieces: list[bytes]) -> bool:
        """Send what is held, and hold it until the site has answered; say whether that proves it."""
        try:
            for piece in pieces:
                self._upload.send(piece, at_once=len(pieces))
            self._upload.settle()
        except UnprovenPart:
            return False
        return True

    def _send_rest(self, intake: Intake) -> None:
        intake.hash_beside(self._connection.pool)
        try:
            while not intake.ended:
                piece = intake.take(part_bytes(self._upload.parts))
                if piece:
                    self._upload.send(piece, at_once=PARTS_AT_ONCE)
            self._upload.settle()
        except UnprovenPart:
            raise self._not_kept() from None

    def _prove(self, stored: StoredObject, *, is_told: bool) -> None:
        """Compare the tag of what is there now, or read it. Raises Unavailable, and it is removed."""
        found = find_patiently(self._connection, self._upload.key)
        if found == (stored.size_bytes, self._upload.tag):
            return
        if found is None and not is_told:
            raise self._not_kept()
        digest = hashlib.sha256()
        for chunk in read_patiently(self._connection, self._upload.key) or ():
            digest.update(chunk)
        if digest.hexdigest() != stored.sha256:
            self._is_wrong = True
            raise self._not_kept()

    def _not_kept(self) -> Unavailable:
        return Unavailable(
            f"The storage site {self._connection.name} did not keep the bytes that it was sent. "
            f"Try again."
        )


def part_bytes(parts: int) -> int:
    """Return how long the next part is: a whole number of blocks, more of them as parts run out."""
    return PART_BYTES << sum(parts >= limit for limit in _DOUBLED_FROM)
