"""A stream cut into the blocks of which its table of sha256s speaks, each checked before it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from core.model.storage import BLOCK_BYTES, ObjectFacts


class WrongBlock(Exception):
    """The bytes are not those of the table; says which."""


class CheckedBlocks:
    """Takes a stream block by block.

    That costs less than hashing the whole by md5 (processors have instructions for sha256), and no
    wrong byte goes out at all. The chunks are passed on as they came: nothing is copied, unless one
    lies across two blocks.
    """

    def __init__(self, stream: Iterator[bytes], known: ObjectFacts) -> None:
        self._stream = stream
        self._known = known
        self._number = 0
        self._surplus = b""

    def take(self) -> list[bytes]:
        """Return the chunks of the next block; none after the last. Raises WrongBlock."""
        start = self._number * BLOCK_BYTES
        length_bytes = min(BLOCK_BYTES, self._known.size_bytes - start)
        if length_bytes <= 0:
            return []
        chunks, digest, missing_bytes = [], hashlib.sha256(), length_bytes
        while missing_bytes:
            chunk = self._surplus or next(self._stream, b"")
            if not chunk:
                raise WrongBlock(f"ended after {start + length_bytes - missing_bytes} bytes")
            self._surplus = chunk[missing_bytes:]
            if self._surplus:
                chunk = chunk[:missing_bytes]
            digest.update(chunk)
            chunks.append(chunk)
            missing_bytes -= len(chunk)
        if digest.hexdigest() != self._known.block_sha256[self._number]:
            raise WrongBlock(f"is wrong between {start} and {start + length_bytes}")
        self._number += 1
        return chunks
