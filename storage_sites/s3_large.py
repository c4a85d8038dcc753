"""Objects too large for one request: sent in parts to a staging key, read back, then named.

Source:  PROMISES.md, "Links": the name exists only once the bytes are proven.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from typing import Final

from core.errors import LabsetError, Unavailable
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake
from storage_sites.keys import new_copy_record, new_staging_key, object_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_multipart import PART_BYTES, Multipart
from storage_sites.s3_reading import find, get, stream_of

SEGMENT_PARTS: Final = 10_000  # as many as S3 allows; a larger object goes to several staging keys
_PARTS_AT_ONCE: Final = 3  # with the part that is being filled: at most 40 MiB
_COPY_BYTES: Final = 16 * 1024 * 1024  # what even a slow server copies within one call's time
_MOST_COPIES: Final = 9_000
_COPIES_AT_ONCE: Final = 4

_log = logging.getLogger("labset.storage")


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
        self._copies: list[Multipart] = []

    def store(self, intake: Intake, pieces: list[bytes]) -> StoredObject:
        """Store the pieces that were taken already and the rest of `intake`.

        Raises:  Invalid (wrong size or checksum), Unavailable.
        """
        try:
            self._send(intake, pieces)
            stored = intake.finish()
            for segment in self._segments:
                segment.complete()
            self._prove(stored)
            return replace(stored, was_there=self._give_name(stored))
        finally:
            self._clean_up()

    def _send(self, intake: Intake, pieces: list[bytes]) -> None:
        pieces.reverse()
        while pieces:
            self._segment().send(pieces.pop(), at_once=_PARTS_AT_ONCE)
            if not pieces and not intake.ended:
                piece = intake.take(PART_BYTES)
                pieces = [piece] if piece else []

    def _segment(self) -> Multipart:
        if not self._segments or self._segments[-1].parts == self._segment_parts:
            key = new_staging_key(self._placement)
            fresh = Multipart(self._connection, self._staging, self._placement, key, key)
            self._segments.append(fresh)
            fresh.begin()
        return self._segments[-1]

    def _prove(self, stored: StoredObject) -> None:
        if self._sha256_of([segment.key for segment in self._segments]) != stored.sha256:
            raise Unavailable(
                f"The storage site {self._connection.name} did not keep the bytes that it was "
                f"sent. Try again."
            )

    def _sha256_of(self, keys: list[str]) -> str | None:
        """Hash keys one after the other, as the site gives them; None where one is not there."""
        digest = hashlib.sha256()
        for key in keys:
            with self._connection.call():
                result = get(self._connection.streaming, key)
            if result is None:
                return None
            for chunk in stream_of(self._connection, result):
                digest.update(chunk)
        return digest.hexdigest()

    def _give_name(self, stored: StoredObject) -> bool:
        """Copy the segments to the object's key; say whether the right bytes were there already."""
        key = object_key(self._placement, stored.md5)
        if self._is_there(key, stored):
            return True
        if len(self._segments) == 1 and stored.size_bytes <= _COPY_BYTES:
            with self._connection.call():
                self._connection.patient_boto.copy_object(
                    Bucket=self._connection.bucket,
                    Key=key,
                    CopySource={"Bucket": self._connection.bucket, "Key": self._segments[0].key},
                )
        else:
            self._copy_in_parts(key, stored.size_bytes)
        self._check_size(key, stored.size_bytes)
        return False

    def _is_there(self, key: str, stored: StoredObject) -> bool:
        found = find(self._connection, key)
        if found is None or found.size_bytes != stored.size_bytes:
            return False
        try:
            return self._sha256_of([key]) == stored.sha256
        except SiteFailure as problem:
            if problem.failure.kind is Kind.SILENT:
                raise
            return False  # what cannot be read is damaged, and is repaired

    def _copy_in_parts(self, key: str, size_bytes: int) -> None:
        record = new_copy_record(key)
        copy = Multipart(self._connection, self._staging, self._placement, key, record)
        self._copies.append(copy)
        copy.begin()
        longest = max(_COPY_BYTES, -(-size_bytes // _MOST_COPIES))
        for segment in self._segments:
            count = -(-segment.size_bytes // longest)
            length = -(-segment.size_bytes // count)  # alike, so that none is too short for S3
            for first in range(0, segment.size_bytes, length):
                rest = min(length, segment.size_bytes - first)
                copy.copy(segment.key, first, rest, at_once=_COPIES_AT_ONCE)
        copy.complete()

    def _check_size(self, key: str, size_bytes: int) -> None:
        found = find(self._connection, key)
        if found is None or found.size_bytes != size_bytes:
            raise Unavailable(
                f"The storage site {self._connection.name} copied {key.rpartition('/')[2]} wrongly."
            )

    def _clean_up(self) -> None:
        for upload in (*self._segments, *self._copies):
            try:
                upload.clean_up(remove_key=upload in self._segments)
            except LabsetError as problem:
                _log.warning("temporary bytes are left to the sweeper: %s", problem.message)
