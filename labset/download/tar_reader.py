"""The files of a tar stream as they come in, by big blocks."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from labset.errors import Unreachable
from labset.transport.wire import Answer

_BLOCK_BYTES = 256 * 1024
_PAX = tarfile.XHDTYPE


def read_members(answer: Answer, most_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield (path below the top folder, bytes) of each file.

    Raises:  Unreachable, where the stream is no tar, ends too early, or has a member of over
             `most_bytes`.
    """
    reader = _Reader(answer)
    extended: dict[str, str] = {}
    while any(block := reader.take(tarfile.BLOCKSIZE)):
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            size = int(extended.get("size", header.size))
        except (tarfile.TarError, ValueError) as problem:
            raise Unreachable("What came is no tar stream.") from problem
        if size > most_bytes:
            raise Unreachable(f"{header.name} is larger than was announced.")
        data = reader.take(size)
        reader.take(-size % tarfile.BLOCKSIZE)
        if header.type == _PAX:
            extended = _records(data)
        else:
            yield extended.get("path", header.name).partition("/")[2], data
            extended = {}


def _records(data: bytes) -> dict[str, str]:
    """Read the lines `<length> <key>=<value>` of an extended header (POSIX pax)."""
    found: dict[str, str] = {}
    while data:
        length = int(data.partition(b" ")[0])
        key, _, value = data[:length].partition(b" ")[2].rstrip(b"\n").partition(b"=")
        found[key.decode()] = value.decode("utf-8", "surrogateescape")
        data = data[length:]
    return found


class _Reader:
    """Gives out bytes of an answer in any sizes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._block = memoryview(bytearray(_BLOCK_BYTES))
        self._start = self._end = 0

    def take(self, size: int) -> bytes:
        """Return exactly so many bytes. Raises Unreachable, where they do not come."""
        if size <= self._end - self._start:
            return self._cut(size)
        parts = [self._cut(self._end - self._start)]
        size -= len(parts[0])
        while size:
            self._start, self._end = 0, self._answer.readinto(self._block)
            if not self._end:
                raise Unreachable("The stream ended too early.")
            parts.append(self._cut(min(size, self._end)))
            size -= len(parts[-1])
        return b"".join(parts)

    def _cut(self, size: int) -> bytes:
        start, self._start = self._start, self._start + size
        return bytes(self._block[start : self._start])
