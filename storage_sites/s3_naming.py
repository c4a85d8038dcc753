"""Proven bytes get their name: a server-side copy from staging keys to the object's key."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from core.errors import LabsetError, Unavailable
from core.model.names import Md5
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.keys import new_copy_record, object_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_multipart import Multipart, NoPartCopies
from storage_sites.s3_reading import find, get, stream_of

_COPY_BYTES: Final = 16 * 1024 * 1024  # what even a slow server copies within one call's time
_MOST_COPIES: Final = 9_000
_COPIES_AT_ONCE: Final = 4

_log = logging.getLogger("labset.storage")

Source = tuple[str, int]
"""A staging key and its size in bytes."""


class Naming:
    """Copies one object to its name, piece by piece while its bytes are still being proven.

    The pieces have no name until the last call, which is made after the proof; `close` takes back
    what was copied in vain. `keep_alive` is called now and then while that takes time.
    """

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
        self._copy: Multipart | None = None
        self._pieces: deque[tuple[str, int, int]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._copy is not None:
            clean_up(self._copy, remove_key=False)

    def prepare(self, md5: Md5, sources: Sequence[Source]) -> None:
        """Begin to copy where nothing has that name; `go_on` carries it further."""
        size_bytes = sum(source_bytes for _, source_bytes in sources)
        key = object_key(self._placement, md5)
        if self._goes_in_pieces(size_bytes, sources) and find(self._connection, key) is None:
            self._begin(key, size_bytes, sources)

    def go_on(self) -> None:
        """Let the site copy what it has time for; called between the pieces that are read."""
        self._keep_alive()
        try:
            while self._pieces and self._copy and self._copy.under_way < _COPIES_AT_ONCE:
                self._copy.copy(*self._pieces.popleft(), at_once=_COPIES_AT_ONCE)
        except NoPartCopies:
            self._give_up()

    def give_name(self, stored: StoredObject, sources: Sequence[Source]) -> bool:
        """Join the sources under the object's key; say whether the right bytes were there already."""
        key = object_key(self._placement, stored.md5)
        if self._copy is None and self._is_there(key, stored):
            return True
        try:
            if self._copy is None and self._goes_in_pieces(stored.size_bytes, sources):
                self._begin(key, stored.size_bytes, sources)
            self._finish()
        except NoPartCopies:
            self._give_up()
        if self._copy is None:
            self._copy_whole(key, sources)
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
                self.go_on()
        return digest.hexdigest()

    def _begin(self, key: str, size_bytes: int, sources: Sequence[Source]) -> None:
        longest = max(_COPY_BYTES, -(-size_bytes // _MOST_COPIES))
        for source, source_bytes in sources:
            count = -(-source_bytes // longest)
            length = -(-source_bytes // count)  # alike, so that none is too short for S3
            for first in range(0, source_bytes, length):
                self._pieces.append((source, first, min(length, source_bytes - first)))
        record = new_copy_record(key)
        self._copy = Multipart(self._connection, self._staging, self._placement, key, record)
        self._copy.begin()

    def _goes_in_pieces(self, size_bytes: int, sources: Sequence[Source]) -> bool:
        return len(sources) > 1 or (size_bytes > _COPY_BYTES and self._connection.copies_parts)

    def _finish(self) -> None:
        while self._pieces and self._copy is not None:
            self._copy.copy(*self._pieces.popleft(), at_once=_COPIES_AT_ONCE)
            self._keep_alive()
        if self._copy is not None:
            self._copy.complete()

    def _give_up(self) -> None:
        """Copy in one call from now on: this server cannot copy in pieces."""
        self._connection.copies_parts = False
        self._pieces.clear()
        if self._copy is not None:
            clean_up(self._copy, remove_key=False)
        self._copy = None

    def _copy_whole(self, key: str, sources: Sequence[Source]) -> None:
        if len(sources) > 1:
            raise Unavailable(
                f"The storage site {self._connection.name} cannot join large objects."
            )
        source, size_bytes = sources[0]
        is_quick = size_bytes <= _COPY_BYTES
        client = self._connection.patient_boto if is_quick else self._connection.slow_boto
        with self._connection.call():
            client.copy_object(
                Bucket=self._connection.bucket,
                Key=key,
                CopySource={"Bucket": self._connection.bucket, "Key": source},
            )

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
