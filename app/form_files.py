"""The files of a form, all in one temporary file without a name.

werkzeug keeps up to 500 kB of every part in memory, and one file on disk for each larger part: 20,000
parts could take gigabytes or every descriptor of the process. Parts come one after another, so that
each is a slice of what was written.
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import IO, cast

from flask import Request

from app.boundaries import CarefulFormParser


class FormRequest(Request):
    """A request whose uploaded parts share a file; it is closed with the request."""

    form_data_parser_class = CarefulFormParser
    _together: IO[bytes] | None = None

    def _get_file_stream(
        self,
        total_content_length: int | None,  # noqa: ARG002 - as werkzeug calls it
        content_type: str | None,  # noqa: ARG002
        filename: str | None = None,  # noqa: ARG002
        content_length: int | None = None,  # noqa: ARG002
    ) -> IO[bytes]:
        if self._together is None:
            self._together = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        return cast("IO[bytes]", Slice(self._together))

    def close(self) -> None:
        """Let go of the parts."""
        super().close()
        if self._together is not None:
            self._together.close()


class Slice(io.RawIOBase):
    """What is written here lies at the end of a file, and is read back from there."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.seek(0, os.SEEK_END)
        self._size_bytes = 0
        self._position = 0

    def writable(self) -> bool:
        """Say yes: as long as no other part has begun."""
        return True

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: object) -> int:
        """Append."""
        written = self._file.write(cast("bytes", data))
        self._size_bytes += written
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Choose what is read next."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return where reading goes on."""
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes of this part; all, without one."""
        left = max(0, self._size_bytes - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        self._file.flush()
        data = os.pread(self._file.fileno(), wanted, self._start + self._position)
        self._position += len(data)
        return data
