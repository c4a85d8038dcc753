"""Proven bytes get their name: a server-side copy from staging keys to the object's key."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from core.errors import LabsetError, Unavailable
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.keys import new_copy_record, object_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_multipart import Multipart
from storage_sites.s3_reading import find, get, stream_of

_COPY_BYTES: Final = 16 * 1024 * 1024  # what even a slow server copies within one call's time
_MOST_COPIES: Final = 9_000
_COPIES_AT_ONCE: Final = 4

_log = logging.getLogger("labset.storage")

Source = tuple[str, int]
"""A staging key and its size in bytes."""


class Naming:
    """Copies one object to its name. `keep_alive` is called now and then while that takes time."""

    def __init__(
        self,
        connection: S3Connection,
        staging: StagingRecords,
        placement: Placement,
        keep_alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._staging = staging
        self._placement = placement
        self._keep_alive = keep_alive

    def give_name(self, stored: StoredObject, sources: Sequence[Source]) -> bool:
        """Join the sources under the object's key; say whether the right bytes were there already."""
        key = object_key(self._placement, stored.md5)
        if self._is_there(key, stored):
            return True
        if len(sources) == 1 and stored.size_bytes <= _COPY_BYTES:
            with self._connection.call():
                self._connection.patient_boto.copy_object(
                    Bucket=self._connection.bucket,
                    Key=key,
                    CopySource={"Bucket": self._connection.bucket, "Key": sources[0][0]},
                )
        else:
            self._copy_in_parts(key, stored.size_bytes, sources)
        self._check_size(key, stored.size_bytes)
        return False

    def sha256_of(self, keys: Sequence[str]) -> str | None:
        """Hash keys one after the other, as the site gives them; None where one is not there."""
        digest = hashlib.sha256()
        for key in keys:
            with self._connection.call():
                result = get(self._connection.streaming, key)
            if result is None:
                return None
            for chunk in stream_of(self._connection, result):
                digest.update(chunk)
                self._keep_alive()
        return digest.hexdigest()

    def _is_there(self, key: str, stored: StoredObject) -> bool:
        found = find(self._connection, key)
        if found is None or found.size_bytes != stored.size_bytes:
            return False
        try:
            return self.sha256_of([key]) == stored.sha256
        except SiteFailure as problem:
            if problem.failure.kind is Kind.SILENT:
                raise
            return False  # what cannot be read is damaged, and is repaired

    def _copy_in_parts(self, key: str, size_bytes: int, sources: Sequence[Source]) -> None:
        record = new_copy_record(key)
        copy = Multipart(self._connection, self._staging, self._placement, key, record)
        longest = max(_COPY_BYTES, -(-size_bytes // _MOST_COPIES))
        try:
            copy.begin()
            for source, source_bytes in sources:
                count = -(-source_bytes // longest)
                length = -(-source_bytes // count)  # alike, so that none is too short for S3
                for first in range(0, source_bytes, length):
                    rest = min(length, source_bytes - first)
                    copy.copy(source, first, rest, at_once=_COPIES_AT_ONCE)
                    self._keep_alive()
            copy.complete()
        finally:
            clean_up(copy, remove_key=False)

    def _check_size(self, key: str, size_bytes: int) -> None:
        found = find(self._connection, key)
        if found is None or found.size_bytes != size_bytes:
            raise Unavailable(
                f"The storage site {self._connection.name} copied {key.rpartition('/')[2]} wrongly."
            )


def clean_up(upload: Multipart, *, remove_key: bool) -> None:
    """Leave nothing of an upload behind; what cannot be removed just now the sweeper will find."""
    try:
        upload.clean_up(remove_key=remove_key)
    except LabsetError as problem:
        _log.warning("temporary bytes are left to the sweeper: %s", problem.message)
