"""Bytes on their way in: cut into pieces, hashed as they pass, compared at their end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future

from core.errors import Conflict, Invalid
from core.model.names import Md5
from core.model.storage import BLOCK_BYTES, ObjectFacts, StoredObject


class Intake:
    """A stream of which `take` returns pieces until it has `ended`; then `finish` judges it.

    All pieces but the last must be whole numbers of blocks long. `before_naming` is told what came
    by `finish`, which every store calls before it gives the bytes their name.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        *,
        expected: Md5 | None,
        size_bytes: int | None,
        before_naming: Callable[[StoredObject], None] | None = None,
    ) -> None:
        self.ended = False
        self.size_bytes = 0
        self._chunks = iter(chunks)
        self._expected = expected
        self._expected_bytes = size_bytes
        self._before_naming = before_naming
        self._waiting = memoryview(b"")
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._blocks: list[str] = []
        self._threads: Executor | None = None
        self._hashing: Future[None] | None = None

    @property
    def expected(self) -> Md5 | None:
        """What the bytes must be, where that was announced."""
        return self._expected

    def hash_beside(self, threads: Executor) -> None:
        """Let a thread hash each piece from now on, while it is sent and the next one is taken."""
        self._threads = threads

    def take(self, wanted_bytes: int) -> bytes:
        """Return the next `wanted_bytes`, fewer at the end (then `ended` is True).

        Raises:  Invalid with code `wrong_size`, as soon as there is more than was announced.
        """
        piece = self._collect(wanted_bytes)
        self.size_bytes += len(piece)
        if self._expected_bytes is not None and self.size_bytes > self._expected_bytes:
            raise _wrong_size(self._expected_bytes, f"more than {self._expected_bytes}")
        self._wait_for_hashes()
        if self._threads is None:
            self._hash(piece)
        else:
            self._hashing = self._threads.submit(self._hash, piece)
        return piece

    def finish(self, slot: str = "") -> StoredObject:
        """Return what came, by its names; `slot` is where it will lie, if not under its md5.

        Raises:  Invalid with code `wrong_size` or `wrong_checksum`; whatever `before_naming` does.
        """
        if self._expected_bytes not in {None, self.size_bytes}:
            raise _wrong_size(self._expected_bytes, str(self.size_bytes))
        self._wait_for_hashes()
        found = self._md5.hexdigest()
        if self._expected is not None and found != self._expected.hex:
            raise wrong_checksum(self._expected, found)
        stored = StoredObject(
            md5=self._expected or Md5(found),
            size_bytes=self.size_bytes,
            sha256=self._sha256.hexdigest(),
            block_sha256=tuple(self._blocks) if self.size_bytes > BLOCK_BYTES else (),
            slot=slot,
        )
        if self._before_naming is not None:
            self._before_naming(stored)
        return stored

    def _hash(self, piece: bytes) -> None:
        self._md5.update(piece)
        self._sha256.update(piece)
        view = memoryview(piece)
        for start in range(0, len(view), BLOCK_BYTES):
            block = view[start : start + BLOCK_BYTES]
            self._blocks.append(hashlib.sha256(block).hexdigest())

    def _wait_for_hashes(self) -> None:
        if self._hashing is not None:
            self._hashing.result()
        self._hashing = None

    def _collect(self, wanted_bytes: int) -> bytes:
        parts = [self._waiting]
        have = len(self._waiting)
        while have < wanted_bytes:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.ended = True
                break
            parts.append(memoryview(chunk))
            have += len(chunk)
        surplus = max(0, have - wanted_bytes)
        last = parts[-1]
        self._waiting = last[len(last) - surplus :]
        parts[-1] = last[: len(last) - surplus]
        return b"".join(parts)


def facts_of(stored: StoredObject) -> ObjectFacts:
    """Return what is worth remembering of a stored object."""
    return ObjectFacts(stored.md5, stored.size_bytes, stored.sha256, stored.block_sha256)


def wrong_checksum(expected: Md5, found: str) -> Invalid:
    """Say that bytes are not those that were announced."""
    return Invalid(
        f"The bytes that arrived have the md5 {found}, not {expected.hex}: send them again.",
        code="wrong_checksum",
        details={"expected": expected.hex, "found": found},
    )


def check_offset(first: int, received_bytes: int) -> None:
    """Refuse bytes that do not go on where the others end.

    Raises:  Conflict (`wrong_offset`).
    """
    if first == received_bytes:
        return
    what = "There is a gap" if first > received_bytes else "These bytes are there already"
    raise Conflict(
        f"{what}: {received_bytes} bytes have arrived, go on at {received_bytes}.",
        code="wrong_offset",
        details={"expected": received_bytes},
    )


def _wrong_size(expected_bytes: int | None, found: str) -> Invalid:
    return Invalid(
        f"{found} bytes arrived, {expected_bytes} were announced: send the file again.",
        code="wrong_size",
        details={"expected": expected_bytes, "found": found},
    )
