"""The bytes of one file of one commit, from anywhere in it."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labset.download.source import Source
from labset.errors import Damaged, LabsetError, Unreachable
from labset.filesystem.read_ahead import ReadAhead
from labset.manifest import Row
from labset.transport.dataset_wire import DatasetWire
from labset.transport.patience import Patience
from labset.transport.reach import Reach
from labset.transport.wire import BLOCK_BYTES, Answer

_AHEAD_BYTES = 8 * 1024 * 1024
_SMALL_BYTES = 1024 * 1024  # asking for a link would cost more than it saves

_LOG = logging.getLogger(__name__)

Write = Callable[[bytes], object]


class Content:
    """The bytes of one file of one commit: through Labset where they are few, else straight."""

    def __init__(
        self, owner: object, wire: DatasetWire, reach: Reach, commit: str, row: Row
    ) -> None:
        self._owner = owner  # who closes the wire, when nobody reads any more
        self.row = row
        self.commit = commit
        self.pid = os.getpid()
        self._wire = wire
        self._source = (
            None if row.size <= _SMALL_BYTES else Source(wire, commit, row, reach, _LOG.info)
        )

    def read(self, start: int, end: int) -> bytearray:
        """Return the bytes from `start` up to `end`, which lie inside the file.

        Raises:  Damaged, for a whole file that is not what its md5 says; of a part nobody can tell.
        """
        filling = _Filling(end - start)
        self._receive(start, end, filling)
        if (start, end) == (0, self.row.size):
            self._check(hashlib.md5(filling.buffer, usedforsecurity=False).hexdigest())
        return filling.buffer

    def pour(self, write: Write) -> None:
        """Write all bytes. Raises: Damaged, after the last one, if they are not what their md5 says."""
        digest = hashlib.md5(usedforsecurity=False)
        ahead = ReadAhead(_AHEAD_BYTES, self.read, self.row.size)
        try:
            for block in ahead.walk(BLOCK_BYTES):
                digest.update(block)
                write(block)
        finally:
            ahead.close()
        self._check(digest.hexdigest())

    def _receive(self, start: int, end: int, sink: _Filling) -> None:
        """Bring bytes in their order, and go on where a connection broke."""
        patience = Patience()
        while sink.count < end - start:
            before = sink.count
            try:
                with self._open(start + before, end) as answer:
                    _drain(answer, end - start, sink)
            except Unreachable as problem:
                if sink.count > before:
                    patience.moved()
                patience.wait(problem)

    @contextmanager
    def _open(self, start: int, end: int) -> Iterator[Answer]:
        if self._source is not None:
            with self._source.open(start, end) as answer:
                yield answer
            return
        is_whole = (start, end) == (0, self.row.size)
        headers = {} if is_whole else {"Range": f"bytes={start}-{end - 1}"}
        params = {"ref": self.commit}
        with self._wire.ask(
            "GET", "files", self.row.path, params=params, headers=headers
        ) as answer:
            if answer.size != end - start:
                raise LabsetError(
                    f"The server sent another part of {self.row.path} than was asked."
                )
            yield answer

    def _check(self, md5: str) -> None:
        if md5 != self.row.md5:
            raise Damaged(
                f"The bytes of {self.row.path} are not what its md5 says: ask for `labset verify`."
            )


def _drain(answer: Answer, size: int, sink: _Filling) -> None:
    while sink.count < size:
        arrived = answer.readinto(sink.room(size - sink.count))
        if not arrived:
            raise Unreachable("The stream ended too early.")
        sink.take(arrived)


class _Filling:
    """Bytes that are kept in memory."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self.buffer = bytearray(size)
        self._rest = memoryview(self.buffer)

    def room(self, limit: int) -> memoryview:
        return self._rest[: min(limit, BLOCK_BYTES)]

    def take(self, count: int) -> None:
        self._rest = self._rest[count:]
        self.count += count
