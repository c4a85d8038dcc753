"""A large file on its way: its segments arrive in any order, its md5 grows in theirs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from labset.manifest import Row
from labset.transport.wire import BLOCK_BYTES

SEGMENT_BYTES = 64 * 1024 * 1024
_NOTED_BYTES = 8 * 1024 * 1024  # after so many more, it is noted how far a segment is


class PartFile:
    """Bytes of one file under a name of their own, and beside them a note how far its segments are.

    Another process goes on with what a killed one left: the md5 at the end judges all of it.
    """

    def __init__(self, path: Path, row: Row) -> None:
        self.row = row
        self.path = path
        self.count = max(1, -(-row.size // SEGMENT_BYTES))
        self._note_path = path.with_suffix(".json")
        self._lock = threading.Lock()
        self._hashing = threading.Lock()
        self._digest: Any = hashlib.md5(usedforsecurity=False)
        self._hashed = 0  # segments
        self._have = self._read_note()
        with path.open("r+b" if self._have else "wb") as file:
            file.truncate(row.size)

    @property
    def arrived(self) -> int:
        """How many bytes are there."""
        return sum(self._have.values())

    def missing(self) -> list[int]:
        """Return the segments that are not whole."""
        return [number for number in range(self.count) if not self._is_whole(number)]

    def open_segment(self, number: int) -> Segment:
        """Return where the rest of a segment goes."""
        start, end = self._span(number)
        position = start + self._have.get(number, 0)
        digest = None
        if position == start and self._hashing.acquire(blocking=False):
            if self._hashed == number:
                digest = self._digest.copy()
            else:
                self._hashing.release()
        return Segment(self, number, (position, end), digest)

    def note(self, number: int, position: int) -> None:
        """Note how far a segment is."""
        with self._lock:
            self._have[number] = position - self._span(number)[0]
            told = {"size": self.row.size, "segment_bytes": SEGMENT_BYTES, "have": self._have}
            fresh = self._note_path.with_suffix(".new")
            fresh.write_text(json.dumps(told), encoding="ascii")
            fresh.replace(self._note_path)

    def take_back(self, number: int, digest: Any) -> None:  # noqa: ANN401 - hashlib names no type
        """Let others go on with the md5, which `digest` is if the segment is whole."""
        if self._is_whole(number):
            self._digest = digest
            self._hashed = number + 1
        self._hashing.release()

    def hash_on(self, *, wait: bool) -> None:
        """Add segments that are there to the md5, unless somebody is at it."""
        if not self._hashing.acquire(blocking=wait):
            return
        try:
            with self.path.open("rb", buffering=0) as file:
                while self._hashed < self.count and self._is_whole(self._hashed):
                    for block in _blocks(cast("BinaryIO", file), *self._span(self._hashed)):
                        self._digest.update(block)
                    self._hashed += 1
        finally:
            self._hashing.release()

    def is_right(self) -> bool:
        """Whether the bytes are what their md5 says; all segments are there."""
        self.hash_on(wait=True)
        return bool(self._digest.hexdigest() == self.row.md5)

    def forget(self, *, keep_bytes: bool = False) -> None:
        """Delete what is noted, and what arrived."""
        self._note_path.unlink(missing_ok=True)
        if not keep_bytes:
            self.path.unlink(missing_ok=True)

    def _span(self, number: int) -> tuple[int, int]:
        start = number * SEGMENT_BYTES
        return start, min(start + SEGMENT_BYTES, self.row.size)

    def _is_whole(self, number: int) -> bool:
        start, end = self._span(number)
        return self._have.get(number, 0) == end - start

    def _read_note(self) -> dict[int, int]:
        try:
            told = json.loads(self._note_path.read_text(encoding="ascii"))
            same = told["size"] == self.row.size == self.path.stat().st_size
            if not same or told["segment_bytes"] != SEGMENT_BYTES:
                return {}
            have = {int(number): int(count) for number, count in told["have"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return {}  # nothing was noted, or not to its end
        spans = {number: self._span(number) for number in range(self.count)}
        return {
            number: have[number]
            for number, (start, end) in spans.items()
            if 0 < have.get(number, 0) <= end - start
        }


class Segment:
    """Takes the bytes of one segment in order, and hashes them if it is the next one."""

    def __init__(self, part: PartFile, number: int, rest: tuple[int, int], digest: Any) -> None:  # noqa: ANN401 - hashlib names no type
        self.position, self.end = rest
        self._part = part
        self._number = number
        self._digest = digest
        self._noted = self.position
        self._file = part.path.open("r+b", buffering=0)
        self._file.seek(self.position)

    def write(self, block: memoryview) -> None:
        """Add bytes."""
        view = block
        while view:
            view = view[self._file.write(view) :]
        if self._digest is not None:
            self._digest.update(block)
        self.position += len(block)
        if self.position - self._noted >= _NOTED_BYTES or self.position == self.end:
            self._noted = self.position
            self._part.note(self._number, self.position)

    def close(self) -> None:
        """Let go of the file, and of the md5."""
        self._file.close()
        if self._digest is not None:
            self._part.take_back(self._number, self._digest)


def _blocks(file: BinaryIO, start: int, end: int) -> Iterator[memoryview]:
    block = memoryview(bytearray(BLOCK_BYTES))
    file.seek(start)
    while start < end:
        count = file.readinto(block[: min(BLOCK_BYTES, end - start)])  # type: ignore[attr-defined]
        if not count:
            raise EOFError(f"{file.name} has become shorter")
        start += count
        yield block[:count]
