"""The file of an asset, open for reading anywhere in it; only what is read travels."""

from __future__ import annotations

import io
from contextlib import ExitStack
from http import HTTPStatus
from typing import IO, cast

from labset.assets.model import Asset
from labset.assets.source import AssetSource
from labset.errors import LabsetError, Unreachable
from labset.filesystem.os_errors import os_error
from labset.transport.connection import Connection
from labset.transport.patience import Patience
from labset.transport.wire import Answer

_BUFFER_BYTES = 256 * 1024
_SKIPPED_AT_ONCE = 1024 * 1024


def open_asset(connection: Connection, asset: Asset) -> IO[bytes]:
    """Open the file of an asset.

    Raises:  FileNotFoundError, PermissionError and other OSErrors, as `open` of Python does.
    """
    raw = _AssetFile(AssetSource(connection, asset), asset)
    try:
        raw.begin()
    except BaseException:
        raw.close()
        raise
    return cast("IO[bytes]", io.BufferedReader(raw, _BUFFER_BYTES))


class _AssetFile(io.RawIOBase):
    """Reads on in one answer until somebody jumps; what breaks is continued."""

    def __init__(self, source: AssetSource, asset: Asset) -> None:
        self._source = source
        self._name = asset.key
        self._size = asset.size
        self._position = 0
        self._etag = ""
        self._opened = ExitStack()
        self._answer: Answer | None = None

    def begin(self) -> None:
        """Ask for the first bytes, so that what cannot be read is refused at once."""
        with _as_os_error(self._name):
            self._answer = self._ask()
        if self._size is None:
            self._size = self._answer.size

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return where the next byte comes from."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere else."""
        if whence == io.SEEK_END and self._size is None:
            raise io.UnsupportedOperation("nobody told how long this file is")
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size or 0}[whence]
        goal = max(0, start + offset)
        if goal != self._position:
            self._drop()
        self._position = goal
        return goal

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as one answer goes."""
        if self._size is not None and self._position >= self._size:
            return 0
        with _as_os_error(self._name):
            count = self._read(memoryview(buffer).cast("B"))
        self._position += count
        return count

    def close(self) -> None:
        """Let go of the connections."""
        if not self.closed:
            self._drop()
            self._source.close()
        super().close()

    def _read(self, buffer: memoryview) -> int:
        patience = Patience()
        while True:
            try:
                if self._answer is None:
                    self._answer = self._ask()
                return self._answer.readinto(buffer)
            except Unreachable as problem:
                self._drop()
                patience.wait(problem)

    def _ask(self) -> Answer:
        answer = self._opened.enter_context(self._source.open(self._position, self._etag))
        etag = answer.headers.get("ETag", "")
        if self._position and answer.status == HTTPStatus.OK:
            if self._etag and etag != self._etag:
                raise LabsetError(f"{self._name} changed while it was read.", "changed")
            _skip(answer, self._position)
        self._etag = "" if etag.startswith("W/") else etag
        return answer

    def _drop(self) -> None:
        self._opened.close()
        self._opened = ExitStack()
        self._answer = None


class _as_os_error:  # noqa: N801 - reads as a statement
    """Tells our errors as those of Python's own files."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        """Translate."""
        if isinstance(problem, LabsetError):
            raise os_error(problem, self._name) from problem


def _skip(answer: Answer, count: int) -> None:
    block = memoryview(bytearray(min(count, _SKIPPED_AT_ONCE)))
    while count:
        read = answer.readinto(block[: min(count, len(block))])
        if not read:
            return
        count -= read
