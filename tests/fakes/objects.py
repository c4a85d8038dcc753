"""Bytes in memory: sits the same exam as the real sites (`tests/conformance/objects`)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import (
    Conflict,
    Damaged,
    DataMissing,
    Invalid,
    LabsetError,
    RangeUnsatisfiable,
    TooLarge,
)
from core.model.names import Md5
from core.model.storage import (
    BLOCK_BYTES,
    CHUNK_BYTES,
    BatchItem,
    ByteRange,
    Link,
    OpenObject,
    Placement,
    SiteAddress,
    SiteHealth,
    SiteKeys,
    SiteRecord,
    StoredObject,
    WantedObject,
)
from core.ports import BatchResult, Clock


@dataclass
class FakeObjects:
    """`Objects` over a dict of keys, which a test may damage. It gives no links.

    What is larger than `slots_from_bytes` goes to the slot that is offered.
    """

    clock: Clock
    bytes_at: dict[str, bytes] = field(default_factory=dict)
    markers: dict[str, Mapping[str, object]] = field(default_factory=dict)
    slots_from_bytes: int = 2 * BLOCK_BYTES

    def missing(self, placement: Placement, wanted: Iterable[tuple[Md5, int | None]]) -> set[Md5]:
        """Return those that are absent or wrong."""
        return {md5 for md5, size in wanted if not self._is_right(_key(placement, md5), md5, size)}

    def find_size(
        self, placement: Placement, md5: Md5, *, legacy: bool = False, slot: str = ""
    ) -> int | None:
        """Return a size."""
        data = self.bytes_at.get(_key(placement, md5, legacy=legacy, slot=slot))
        return None if data is None else len(data)

    def find_sizes(
        self, placement: Placement, wanted: Sequence[Md5], *, legacy: bool = False
    ) -> Mapping[Md5, int]:
        """Return sizes."""
        sizes = ((md5, self.find_size(placement, md5, legacy=legacy)) for md5 in wanted)
        return {md5: size for md5, size in sizes if size is not None}

    def put(
        self,
        placement: Placement,
        chunks: Iterable[bytes],
        *,
        expected: Md5 | None = None,
        size_bytes: int | None = None,
        before_naming: Callable[[StoredObject], None] | None = None,
        slot: str | None = None,
    ) -> StoredObject:
        """Keep what comes, if it is right."""
        data = b"".join(chunks)
        if size_bytes not in {None, len(data)}:
            raise Invalid("That is another size.", code="wrong_size")
        found = _md5(data)
        if expected is not None and expected.hex != found:
            raise Invalid("That is another md5.", code="wrong_checksum")
        md5 = expected or Md5(found)
        blocks = [
            hashlib.sha256(data[start : start + BLOCK_BYTES]).hexdigest()
            for start in range(0, len(data), BLOCK_BYTES)
        ]
        table = tuple(blocks) if len(blocks) > 1 else ()
        stored = StoredObject(md5, len(data), hashlib.sha256(data).hexdigest(), table)
        if slot and len(data) > self.slots_from_bytes:
            stored = replace(stored, slot=slot)
        if before_naming is not None:
            before_naming(stored)
        key = _key(placement, md5, slot=stored.slot)
        was_there = self.bytes_at.get(key) == data
        self.bytes_at[key] = data
        return replace(stored, was_there=was_there)

    def put_many(self, placement: Placement, items: Iterator[BatchItem]) -> Iterator[BatchResult]:
        """Keep many."""
        for item in items:
            try:
                yield BatchResult(item.path, self.put(placement, [item.data], expected=item.md5))
            except LabsetError as error:
                yield BatchResult(item.path, None, error.message)

    def open(
        self,
        placement: Placement,
        md5: Md5,
        size_bytes: int | None,
        byte_range: ByteRange | None = None,
        *,
        legacy: bool = False,
        slot: str = "",
    ) -> OpenObject:
        """Give verified bytes."""
        data = self.bytes_at.get(_key(placement, md5, legacy=legacy, slot=slot))
        if data is None:
            raise DataMissing(f"{md5} is not there.")
        if _md5(data) != md5.hex or size_bytes not in {None, len(data)}:
            raise Damaged(f"{md5} is damaged.")
        if byte_range is None:
            return OpenObject(len(data), _chunks(data))
        if not 0 <= byte_range.first <= byte_range.last < len(data):
            raise RangeUnsatisfiable(len(data))
        return OpenObject(len(data), iter((data[byte_range.first : byte_range.last + 1],)))

    def open_many(
        self, placement: Placement, wanted: Iterable[WantedObject]
    ) -> Iterator[OpenObject]:
        """Give verified bytes, one after the other."""
        for one in wanted:
            yield self.open(
                placement,
                one.md5,
                one.size_bytes,
                one.byte_range,
                legacy=one.legacy,
                slot=one.slot,
            )

    def prove_many(
        self,
        placement: Placement,
        wanted: Iterable[WantedObject],
        advance: Callable[[int], None],
    ) -> Iterator[bool]:
        """Judge each."""
        for one in wanted:
            if one.size_bytes > BLOCK_BYTES:
                advance(one.size_bytes)
            key = _key(placement, one.md5, legacy=one.legacy, slot=one.slot)
            yield self._is_right(key, one.md5, None)

    def read(self, placement: Placement, md5: Md5, *, limit_bytes: int) -> bytes:
        """Give a whole object."""
        opened = self.open(placement, md5, None)
        if opened.size_bytes > limit_bytes:
            raise TooLarge("That is too large.")
        return b"".join(opened.chunks)

    def link_get(self, placement: Placement, md5: Md5, *, file_name: str) -> Link | None:
        """Give none."""

    def links_put(self, placement: Placement, wanted: Sequence[Md5]) -> Mapping[Md5, Link] | None:
        """Give none."""

    def write_marker(self, placement: Placement, marker: Mapping[str, object]) -> None:
        """Keep a marker."""
        there = self.markers.setdefault(placement.prefix, dict(marker))
        if there.get("order") != marker.get("order"):
            raise Conflict("Another binding stands there.")

    def read_markers(self, site: SiteRecord) -> Sequence[Mapping[str, object]]:
        """Return the markers, whatever the site."""
        del site
        return [{**marker, "prefix": prefix} for prefix, marker in self.markers.items()]

    def remove_marker(self, placement: Placement) -> None:
        """Forget a marker."""
        self.markers.pop(placement.prefix, None)

    def remove_objects(
        self, placement: Placement, md5s: Sequence[Md5], *, slots: Sequence[str] = ()
    ) -> None:
        """Forget objects."""
        for key in [
            *(_key(placement, md5) for md5 in md5s),
            *(f"{placement.prefix}/large/{slot}" for slot in slots),
        ]:
            self.bytes_at.pop(key, None)

    def check(self, address: SiteAddress, keys: SiteKeys | None) -> SiteHealth:
        """Find it well."""
        del address, keys
        return SiteHealth(ok=True, checked_at=self.clock.now())

    def check_address(self, address: SiteAddress) -> None:
        """Allow it."""

    def _is_right(self, key: str, md5: Md5, size_bytes: int | None) -> bool:
        data = self.bytes_at.get(key)
        return data is not None and _md5(data) == md5.hex and size_bytes in {None, len(data)}


def _key(placement: Placement, md5: Md5, *, legacy: bool = False, slot: str = "") -> str:
    if slot:
        return f"{placement.prefix}/large/{slot}"
    folder = placement.prefix if legacy else f"{placement.prefix}/files/md5"
    return f"{folder}/{md5.hex[:2]}/{str(md5)[2:]}"


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, max(1, len(data)), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]
