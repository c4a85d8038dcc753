"""Bytes on storage sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.model.names import FilePath, Md5
from core.model.storage import (
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


class Objects(Protocol):
    """Bytes on storage sites. Only ever under a placement; never overwritten by other bytes."""

    def missing(self, placement: Placement, wanted: Iterable[tuple[Md5, int | None]]) -> set[Md5]:
        """Return those whose bytes the site does not hold (another size counts as missing).

        Shape:   any number; asked in parallel, or by listing where that is cheaper.
        """

    def find_size(
        self, placement: Placement, md5: Md5, *, legacy: bool = False, slot: str = ""
    ) -> int | None:
        """Return the object's size in bytes, or None if it is not there."""

    def find_sizes(
        self, placement: Placement, wanted: Sequence[Md5], *, legacy: bool = False
    ) -> Mapping[Md5, int]:
        """Return the sizes in bytes of those that are there, asked in parallel."""

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
        """Store a stream under its md5: hashed on the way, verified, then named.

        Small ones (≤ 8 MiB) in one request, larger ones by a staging key (recorded before it is
        created) and a server-side copy; flat memory. `before_naming` is told what came once all of
        it has; whatever it raises ends the storing.
        `slot`: 32 random hex digits that were never used. Larger ones may then lie there instead, so
        that the site writes them once; whether they do is told by `slot` of what is returned, and of
        what `before_naming` is told. After an error they may be there all the same.
        Raises:  Invalid with code `wrong_checksum` or `wrong_size`; nothing is left under a name.
        """

    def put_many(self, placement: Placement, items: Iterator[BatchItem]) -> Iterator[BatchResult]:
        """Store small files as they arrive, many at a time; yields one result each, any order."""

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
        """Open verified bytes. `size_bytes` is what the pointer says, `slot` what `put` returned.

        Raises:  DataMissing, if the site does not hold it; Damaged, also later by the chunks,
                 always before the last block is out.
        """

    def open_many(
        self, placement: Placement, wanted: Iterable[WantedObject]
    ) -> Iterator[OpenObject]:
        """Open many, one after the other in their order; each must be read before the next is asked for.

        Shape:   any number. Small ones (≤ 4 MiB) are fetched and verified ahead, many at once, of
                 which a bounded number of bytes waits; larger ones stream when their turn comes.
        Raises:  as `open`, at the turn of the object; what came before it was right.
        """

    def prove_many(
        self,
        placement: Placement,
        wanted: Iterable[WantedObject],
        advance: Callable[[int], None],
    ) -> Iterator[bool]:
        """Read every byte of many objects; say of each, in their order, whether it is right.

        Absent ones are not. What is learned is remembered, as after `put`. While a large one (> 4 MiB)
        is read, `advance` is told how many bytes have passed, by the thread of the caller.
        """

    def read(self, placement: Placement, md5: Md5, *, limit_bytes: int) -> bytes:
        """Return a whole verified object of at most `limit_bytes`."""

    def link_get(self, placement: Placement, md5: Md5, *, file_name: str) -> Link | None:
        """Return a link of ≤ 60 s to proven bytes, or None where the site cannot give one."""

    def links_put(self, placement: Placement, wanted: Sequence[Md5]) -> Mapping[Md5, Link] | None:
        """Return PUT links with a signed `Content-MD5` to the final keys, or None (see above)."""

    def write_marker(self, placement: Placement, marker: Mapping[str, object]) -> None:
        """Write `<prefix>/labset.json` once."""

    def read_markers(self, site: SiteRecord) -> Sequence[Mapping[str, object]]:
        """Return the markers of all placements on a site, each with its `prefix` (for reindex)."""

    def remove_marker(self, placement: Placement) -> None:
        """Remove the marker of a binding that did not come about."""

    def remove_objects(
        self, placement: Placement, md5s: Sequence[Md5], *, slots: Sequence[str] = ()
    ) -> None:
        """Remove objects for good, by their md5s or slots; absent ones are fine.

        For garbage collection alone, which has made sure that nothing names them or ever will: no
        other verb destroys an object (PROMISES.md, P7).
        """

    def check(self, address: SiteAddress, keys: SiteKeys | None) -> SiteHealth:
        """Write, read, range, refuse a wrong checksum, copy, list and delete a probe, with timings.

        Raises nothing for a site that fails: its steps say what and why.
        """

    def check_address(self, address: SiteAddress) -> None:
        """Refuse an address that this installation does not allow, in words (Invalid, Forbidden)."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How one file of a batch ended: `problem` is None where it is stored."""

    path: FilePath
    stored: StoredObject | None
    problem: str | None = None
