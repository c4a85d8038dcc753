"""Reading so that no wrong byte goes out, and finding out whether an object is what its name says.

Source:  PROMISES.md, P6 and "Bytes".
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator

from core.errors import Damaged, DataMissing, RangeUnsatisfiable, TooLarge
from core.model.names import DatasetId, Md5
from core.model.storage import BLOCK_BYTES, ByteRange, ObjectFacts, OpenObject
from core.ports import FactsRecords
from storage_sites.blocks import CheckedBlocks, WrongBlock
from storage_sites.intake import Intake
from storage_sites.store import Found, Opened, Store, Tags

_log = logging.getLogger("labset.storage")


class Reader:
    """Reads objects of one dataset."""

    def __init__(self, store: Store, facts: FactsRecords, dataset_id: DatasetId) -> None:
        self._store = store
        self._facts = facts
        self._dataset_id = dataset_id

    def open(
        self, key: str, md5: Md5, size_bytes: int | None, byte_range: ByteRange | None
    ) -> OpenObject:
        """Open an object or a range of it; the first request is answered when this returns.

        Objects of at most one block are read whole, checked and cut. Larger ones are made of blocks
        that are checked one by one; a whole read of one whose blocks nobody knows is hashed on its way.
        Raises:  DataMissing, Damaged, RangeUnsatisfiable.
        """
        if byte_range is not None and not (size_bytes is not None and size_bytes <= BLOCK_BYTES):
            return self._open_range(key, md5, size_bytes, byte_range)
        opened = self._store.open(key, size_bytes, BLOCK_BYTES)
        if opened is None:
            raise self._missing(md5)
        if size_bytes not in {None, opened.size_bytes}:
            raise self._damaged(md5, f"has {opened.size_bytes} bytes instead of {size_bytes}")
        if opened.data is None:
            return OpenObject(opened.size_bytes, self._stream_of(opened, md5))
        data = self._check_whole(opened.data, md5, opened.size_bytes)
        return OpenObject(opened.size_bytes, iter((_cut(data, byte_range),)))

    def read(self, key: str, md5: Md5, limit_bytes: int) -> bytes:
        """Return a whole object. Raises TooLarge before reading one of over `limit_bytes`."""
        opened = self.open(key, md5, None, None)
        if opened.size_bytes > limit_bytes:
            raise TooLarge(
                f"The object {md5} has {opened.size_bytes} bytes, more than {limit_bytes}.",
                details={"limit": limit_bytes},
            )
        return b"".join(opened.chunks)

    def is_right(self, key: str, md5: Md5, size_bytes: int | None, found: Found | None) -> bool:
        """Whether what was found at `key` is what the pointer says, asking no more than needed.

        An ETag that is the md5 proves a single PUT; one that is another md5 means other bytes,
        unless the site encrypts and its ETags mean nothing. Without an md5 (multipart, local) small
        objects are read; large ones are read once, and what was read is remembered: damage that
        leaves their size as it was is seen by the next read, not here.
        """
        if found is None or size_bytes not in {None, found.size_bytes}:
            return False
        if found.tag == md5.hex:
            return True
        if found.tag is not None and self._store.tags is Tags.MD5:
            return False
        means_nothing = found.tag is not None and self._store.tags is Tags.OTHER
        if means_nothing or (found.tag is None and found.size_bytes > BLOCK_BYTES):
            known = self._facts.find_facts(self._dataset_id, md5)
            if known is not None:
                return known.size_bytes == found.size_bytes
        return self._try_to_prove(key, md5, found) is not None

    def facts(self, key: str, md5: Md5, size_bytes: int | None) -> ObjectFacts:
        """Return what is known of an object; one that nobody knows is read once, in full.

        Raises:  DataMissing, Damaged.
        """
        known = self._facts.find_facts(self._dataset_id, md5)
        if known is None or (known.size_bytes > BLOCK_BYTES and not known.block_sha256):
            known = self._prove(key, md5)
        if size_bytes not in {None, known.size_bytes}:
            raise self._damaged(md5, f"has {known.size_bytes} bytes instead of {size_bytes}")
        return known

    def prove(self, key: str, md5: Md5, advance: Callable[[int], None]) -> bool:
        """Read an object in full, say whether it is what its name says, and remember what it is.

        `advance` is told the bytes as they pass.
        """
        try:
            self._prove(key, md5, advance)
        except (Damaged, DataMissing):
            return False
        return True

    def _try_to_prove(self, key: str, md5: Md5, found: Found) -> ObjectFacts | None:
        try:
            proven = self._prove(key, md5)
        except (Damaged, DataMissing):
            return None
        if found.tag is not None:  # the bytes are right and the tag is not their md5
            self._store.tags = Tags.OTHER
        return proven

    def _prove(
        self, key: str, md5: Md5, advance: Callable[[int], None] = lambda _: None
    ) -> ObjectFacts:
        opened = self._store.open(key, None, BLOCK_BYTES)
        if opened is None:
            raise self._missing(md5)
        stream = opened.stream if opened.data is None else iter((opened.data,))
        intake = Intake(stream, expected=None, size_bytes=None)
        while not intake.ended:
            advance(len(intake.take(BLOCK_BYTES)))
        stored = intake.finish()
        if stored.md5.hex != md5.hex:
            raise self._damaged(md5, f"has the md5 {stored.md5.hex}")
        proven = ObjectFacts(md5, stored.size_bytes, stored.sha256, stored.block_sha256)
        self._facts.remember_facts(self._dataset_id, [proven])
        return proven

    def _check_whole(self, data: bytes, md5: Md5, size_bytes: int) -> bytes:
        if len(data) != size_bytes:
            raise self._damaged(md5, f"ended after {len(data)} of {size_bytes} bytes")
        found = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if found != md5.hex:
            raise self._damaged(md5, f"has the md5 {found}")
        return data

    def _stream_of(self, opened: Opened, md5: Md5) -> Iterator[bytes]:
        known = self._facts.find_facts(self._dataset_id, md5)
        if known is None or not known.block_sha256 or known.size_bytes != opened.size_bytes:
            return self._checked(opened.stream, md5, opened.size_bytes)
        return self._checked_by_blocks(opened.stream, known)

    def _checked_by_blocks(self, stream: Iterator[bytes], known: ObjectFacts) -> Iterator[bytes]:
        """Pass a stream on in checked blocks: a thread of the site takes one while one is sent."""
        blocks = CheckedBlocks(stream, known)
        coming = self._store.pool.submit(blocks.take)
        try:
            while block := coming.result():
                coming = self._store.pool.submit(blocks.take)
                yield from block
        except WrongBlock as problem:
            raise self._damaged(known.md5, str(problem)) from None
        finally:
            coming.cancel()

    def _checked(self, stream: Iterator[bytes], md5: Md5, size_bytes: int) -> Iterator[bytes]:
        """Pass a stream on, its last piece only once the whole has matched.

        The next piece is fetched by a thread of the site while this one is hashed and sent.
        """
        digest = hashlib.md5(usedforsecurity=False)
        passed_bytes = 0
        held = b""
        coming = self._store.pool.submit(next, stream, None)
        try:
            while (chunk := coming.result()) is not None:
                coming = self._store.pool.submit(next, stream, None)
                digest.update(chunk)
                passed_bytes += len(chunk)
                if held:
                    yield held
                held = chunk
            if passed_bytes != size_bytes:
                raise self._damaged(md5, f"ended after {passed_bytes} of {size_bytes} bytes")
            if digest.hexdigest() != md5.hex:
                raise self._damaged(md5, f"has the md5 {digest.hexdigest()}")
            yield held
        finally:
            coming.cancel()

    def _open_range(
        self, key: str, md5: Md5, size_bytes: int | None, wanted: ByteRange
    ) -> OpenObject:
        known = self.facts(key, md5, size_bytes)
        if not 0 <= wanted.first <= wanted.last < known.size_bytes:
            raise RangeUnsatisfiable(known.size_bytes)
        if known.size_bytes <= BLOCK_BYTES:
            return self.open(key, md5, known.size_bytes, wanted)
        blocks = self._blocks(key, known, wanted)
        first = next(blocks)  # absent and damaged objects are told before anything is sent
        return OpenObject(known.size_bytes, _with_first(first, blocks))

    def _blocks(self, key: str, known: ObjectFacts, wanted: ByteRange) -> Iterator[bytes]:
        """Yield the wanted bytes block by block, each checked whole, the next one on its way."""
        numbers = range(wanted.first // BLOCK_BYTES, wanted.last // BLOCK_BYTES + 1)
        coming = self._store.pool.submit(self._read_block, key, known, numbers[0])
        try:
            for number in numbers:
                block = coming.result()
                if number != numbers[-1]:
                    coming = self._store.pool.submit(self._read_block, key, known, number + 1)
                start = number * BLOCK_BYTES
                yield block[max(0, wanted.first - start) : wanted.last + 1 - start]
        finally:
            coming.cancel()

    def _read_block(self, key: str, known: ObjectFacts, number: int) -> bytes:
        start = number * BLOCK_BYTES
        length_bytes = min(BLOCK_BYTES, known.size_bytes - start)
        block = self._store.read_range(key, start, length_bytes)
        if block is None:
            raise self._missing(known.md5)
        if hashlib.sha256(block).hexdigest() != known.block_sha256[number]:
            raise self._damaged(known.md5, f"is wrong between {start} and {start + length_bytes}")
        return block

    def _missing(self, md5: Md5) -> DataMissing:
        return DataMissing(
            f"The bytes of {md5} are not on the storage site {self._store.name}.",
            details={"md5": str(md5)},
        )

    def _damaged(self, md5: Md5, how: str) -> Damaged:
        _log.error(
            "dataset %s, site %s: object %s %s", self._dataset_id, self._store.name, md5, how
        )
        return Damaged(
            f"The object {md5} at the storage site {self._store.name} {how}: upload the right "
            f"file again to repair it.",
            details={"md5": str(md5)},
        )


def _cut(data: bytes, byte_range: ByteRange | None) -> bytes:
    if byte_range is None:
        return data
    if not 0 <= byte_range.first <= byte_range.last < len(data):
        raise RangeUnsatisfiable(len(data))
    return data[byte_range.first : byte_range.last + 1]


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
