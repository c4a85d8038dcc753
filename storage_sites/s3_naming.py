"""Proven bytes get their name: a server-side copy from staging keys to the object's key."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from types import TracebackType
from typing import Final, Self

from core.errors import LabsetError, Unavailable
from core.model.names import Md5
from core.model.storage import Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake
from storage_sites.keys import new_copy_record, object_key
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_multipart import COPY_BYTES, PART_BYTES, Multipart, NoPartCopies
from storage_sites.s3_reading import find
from storage_sites.s3_repeating import read_patiently

_MOST_COPIES: Final = 9_000
_COPIES_AT_ONCE: Final = 4

_log = logging.getLogger("labset.storage")

Source = tuple[str, int]
"""A staging key and its size in bytes."""


class Naming:
    """Proves one object and copies it to its name, piece by piece while it is still being read.

    The pieces have no name until the last call, which is made after the proof; what was copied in
    vain is taken back at the end. `keep_alive` is called now and then while that takes time.
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
        self._digest = hashlib.sha256()
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

    def prepare(self, md5: Md5, size_bytes: int) -> None:
        """Begin a copy where nothing has that name, of an object of at least that size."""
        key = object_key(self._placement, md5)
        if self._is_piecewise(size_bytes) and find(self._connection, key) is None:
            self._copy = self._new_copy(key)

    def add(self, sources: Sequence[Source]) -> None:
        """Let `go_on` copy what comes next of the object, if its copy was begun."""
        if self._copy is None:
            return
        size_bytes = sum(source_bytes for _, source_bytes in sources)
        room = _MOST_COPIES - self._copy.parts - len(self._pieces)  # half of it is for what follows
        longest = max(COPY_BYTES, -(-size_bytes // max(1, room // 2)))
        for source, source_bytes in sources:
            for first in range(0, source_bytes, longest):
                self._pieces.append((source, first, min(longest, source_bytes - first)))

    def prove(self, keys: Sequence[str]) -> str | None:
        """Read what comes next of the object; return the sha256 of all of it as far as it was read."""
        return self._read(keys, self._digest)

    def catch_up(self) -> None:
        """Let the site copy all that was added."""
        try:
            self._copy_all()
        except NoPartCopies:
            self._give_up()

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
            if self._copy is None and self._is_piecewise(stored.size_bytes):
                self._copy = self._new_copy(key)
                self.add(sources)
            is_told = self._finish()
        except NoPartCopies:
            is_told = False
            self._give_up()
        if self._copy is None:
            is_told = self._copy_without_pieces(key, stored, [source for source, _ in sources])
        self._check_size(key, stored.size_bytes)
        if not is_told and not self._is_there(key, stored):
            raise Unavailable(
                f"The storage site {self._connection.name} did not say whether it kept the object. "
                f"Try again."
            )
        return False

    def _read(self, keys: Sequence[str], digest: hashlib._Hash) -> str | None:
        """Hash keys one after the other, as the site gives them; None where one is not there."""
        for key in keys:
            stream = read_patiently(self._connection, key)
            if stream is None:
                return None
            for chunk in stream:
                digest.update(chunk)
                self.go_on()
        return digest.hexdigest()

    def _new_copy(self, key: str) -> Multipart:
        record = new_copy_record(key)
        copy = Multipart(self._connection, self._staging, self._placement, key, record)
        copy.begin()
        return copy

    def _is_piecewise(self, size_bytes: int) -> bool:
        return size_bytes > COPY_BYTES and self._connection.copies_parts

    def _copy_all(self) -> None:
        while self._pieces and self._copy is not None:
            self._copy.copy(*self._pieces.popleft(), at_once=_COPIES_AT_ONCE)
            self._keep_alive()

    def _finish(self) -> bool:
        self._copy_all()
        return self._copy is None or self._copy.complete()

    def _give_up(self) -> None:
        """Copy in one call from now on: this server cannot copy in pieces."""
        self._connection.copies_parts = False
        self._pieces.clear()
        if self._copy is not None:
            clean_up(self._copy, remove_key=False)
        self._copy = None

    def _copy_without_pieces(self, key: str, stored: StoredObject, sources: Sequence[str]) -> bool:
        if len(sources) > 1:
            self._copy = self._new_copy(key)
            return self._send_again(self._copy, stored, sources)
        is_quick = stored.size_bytes <= COPY_BYTES
        client = self._connection.patient_boto if is_quick else self._connection.slow_boto
        with self._connection.call():
            client.copy_object(
                Bucket=self._connection.bucket,
                Key=key,
                CopySource={"Bucket": self._connection.bucket, "Key": sources[0]},
            )
        return True

    def _send_again(self, copy: Multipart, stored: StoredObject, sources: Sequence[str]) -> bool:
        """Join several sources by ourselves: what the site gives goes back to it, part by part."""
        streams = filter(None, (read_patiently(self._connection, one) for one in sources))
        intake = Intake(
            chain.from_iterable(streams), expected=stored.md5, size_bytes=stored.size_bytes
        )
        while not intake.ended:
            copy.send(intake.take(PART_BYTES), at_once=1)
            self._keep_alive()
        intake.finish()
        return copy.complete()

    def _is_there(self, key: str, stored: StoredObject) -> bool:
        found = find(self._connection, key)
        if found is None or found.size_bytes != stored.size_bytes:
            return False
        try:
            return self._read([key], hashlib.sha256()) == stored.sha256
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
