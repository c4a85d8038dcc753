"""`Objects` for S3 and for folders of the server: the same rules over two kinds of `Store`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from core.errors import DataMissing, Invalid, LabsetError
from core.model.addresses import Resolve, check_destination, parse_bucket_url, parse_endpoint
from core.model.names import Md5
from core.model.storage import (
    BatchItem,
    ByteRange,
    Link,
    ObjectFacts,
    OpenObject,
    Placement,
    SiteAddress,
    SiteHealth,
    SiteKeys,
    SiteKind,
    SiteRecord,
    StoredObject,
    WantedObject,
)
from core.ports import BatchResult, Clock, FactsRecords, StagingRecords
from storage_sites.ahead import ReadAhead
from storage_sites.batches import Batch
from storage_sites.checking import failed_health, run_check
from storage_sites.intake import Intake, facts_of
from storage_sites.keys import marker_key, object_key, place_key, slot_key
from storage_sites.local_folder import find_root
from storage_sites.markers import read_markers, write_marker
from storage_sites.parts import SiteParts
from storage_sites.probes import FOR_BROWSERS, LocalProbe, NoStaging, S3Probe, place_of_probe
from storage_sites.resolving import resolve as resolve_host
from storage_sites.s3_links import Signer
from storage_sites.s3_store import SMALL_BYTES, S3Store
from storage_sites.stores import Stores
from storage_sites.sweeping import PlacementOf, sweep_staging
from storage_sites.verified import Reader

CALLS_AT_ONCE: Final = 8  # requests of one process that may be under way at one site
_REMEMBER_EVERY: Final = 256
_REGION: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class SiteObjects:
    """Bytes on storage sites.

    `origin` is where the pages of this installation come from, for the check of CORS rules.
    """

    def __init__(
        self,
        facts: FactsRecords,
        staging: StagingRecords,
        clock: Clock,
        *,
        allowed_hosts: Sequence[str] = (),
        local_roots: Sequence[Path] = (),
        origin: str = "http://127.0.0.1:8000",
        resolve: Resolve = resolve_host,
        calls_at_once: int = CALLS_AT_ONCE,
    ) -> None:
        self._facts = facts
        self._staging = staging
        self._clock = clock
        self._allowed_hosts = tuple(allowed_hosts)
        self._local_roots = tuple(local_roots)
        self._origin = origin
        self._resolve = resolve
        self._stores = Stores(
            staging,
            allowed_hosts=allowed_hosts,
            local_roots=local_roots,
            resolve=resolve,
            calls_at_once=calls_at_once,
        )

    @property
    def parts(self) -> SiteParts:
        """What arrives at the same sites in parts."""
        return SiteParts(self._stores, self._facts, self._staging)

    def missing(self, placement: Placement, wanted: Iterable[tuple[Md5, int | None]]) -> set[Md5]:
        """Return those whose bytes the site does not hold, or holds wrongly."""
        sizes = {(md5, size_bytes) for md5, size_bytes in wanted}
        store, reader = self._stores.of(placement.site), self._reader(placement)
        keys = {md5: object_key(placement, md5) for md5, _ in sizes}
        found = store.find_many(list(keys.values()))
        return {
            md5
            for md5, size_bytes in sizes
            if not reader.is_right(keys[md5], md5, size_bytes, found.get(keys[md5]))
        }

    def find_size(
        self, placement: Placement, md5: Md5, *, legacy: bool = False, slot: str = ""
    ) -> int | None:
        """Return the object's size in bytes, or None if it is not there."""
        key = place_key(placement, md5, slot, legacy=legacy)
        found = self._stores.of(placement.site).find(key)
        return None if found is None else found.size_bytes

    def find_sizes(
        self, placement: Placement, wanted: Sequence[Md5], *, legacy: bool = False
    ) -> Mapping[Md5, int]:
        """Return the sizes in bytes of those that are there."""
        keys = {object_key(placement, md5, legacy=legacy): md5 for md5 in wanted}
        found = self._stores.of(placement.site).find_many(list(keys))
        return {keys[key]: one.size_bytes for key, one in found.items() if key in keys}

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
        """Store a stream under its md5, or in the slot; proven when it returns."""
        intake = Intake(
            chunks, expected=expected, size_bytes=size_bytes, before_naming=before_naming
        )
        stored = self._stores.of(placement.site).put(placement, intake, slot)
        is_large = stored.size_bytes > SMALL_BYTES  # another process would read it to know it
        self._facts.remember_facts(placement.dataset_id, [facts_of(stored)], at_once=is_large)
        return stored

    def put_many(self, placement: Placement, items: Iterator[BatchItem]) -> Iterator[BatchResult]:
        """Store small files as they arrive, many at a time; yields one result each, any order."""
        batch = Batch(self._stores.of(placement.site), placement, SMALL_BYTES)
        proven: list[ObjectFacts] = []
        try:
            for result in batch.run(items):
                if result.stored is not None:
                    proven.append(facts_of(result.stored))
                if len(proven) >= _REMEMBER_EVERY:
                    self._facts.remember_facts(placement.dataset_id, proven)
                    proven = []
                yield result
        finally:
            if proven:
                self._facts.remember_facts(placement.dataset_id, proven)

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
        """Open verified bytes; the site has answered when this returns."""
        key = place_key(placement, md5, slot, legacy=legacy)
        return self._reader(placement).open(key, md5, size_bytes, byte_range)

    def open_many(
        self, placement: Placement, wanted: Iterable[WantedObject]
    ) -> Iterator[OpenObject]:
        """Open many, one after the other in their order; small ones are fetched ahead."""
        return self._ahead(placement).open_many(wanted)

    def prove_many(
        self,
        placement: Placement,
        wanted: Iterable[WantedObject],
        advance: Callable[[int], None],
    ) -> Iterator[bool]:
        """Read every byte of many objects; say of each, in their order, whether it is right."""
        return self._ahead(placement).prove_many(wanted, advance)

    def read(self, placement: Placement, md5: Md5, *, limit_bytes: int) -> bytes:
        """Return a whole verified object of at most `limit_bytes` (else TooLarge)."""
        return self._reader(placement).read(object_key(placement, md5), md5, limit_bytes)

    def link_get(self, placement: Placement, md5: Md5, *, file_name: str) -> Link | None:
        """Return a link of ≤ 60 s to proven bytes, or None where the site cannot give one.

        Given where clients can reach the site: it is Amazon's, has a public endpoint, or its check
        found that browsers may go there.
        Raises:  DataMissing, Damaged.
        """
        address, health = placement.site.address, placement.site.health
        is_public = address.endpoint is None or address.public_endpoint is not None
        seen = health is not None and health.browser_transfer
        if address.kind is not SiteKind.S3 or not (is_public or seen):
            return None
        key, reader = object_key(placement, md5), self._reader(placement)
        found = self._stores.of(placement.site).find(key)
        if found is not None and found.tag == md5.hex:  # which proves a single PUT, unread
            return self._signer(placement.site).link_get(key, file_name)
        size_bytes = reader.facts(key, md5, None).size_bytes
        if not reader.is_right(key, md5, size_bytes, found):
            raise DataMissing(
                f"The bytes of {md5} are not on the storage site {placement.site.name}.",
                details={"md5": str(md5)},
            )
        return self._signer(placement.site).link_get(key, file_name)

    def links_put(self, placement: Placement, wanted: Sequence[Md5]) -> Mapping[Md5, Link] | None:
        """Return PUT links where the check found that the site takes them from browsers, or None."""
        site = placement.site
        if site.address.kind is not SiteKind.S3 or not (
            site.health and site.health.browser_transfer
        ):
            return None
        signer = self._signer(site)
        return {md5: signer.link_put(object_key(placement, md5), md5) for md5 in wanted}

    def write_marker(self, placement: Placement, marker: Mapping[str, object]) -> None:
        """Write `<prefix>/labset.json` once."""
        write_marker(self._stores.of(placement.site), placement, marker)

    def read_markers(self, site: SiteRecord) -> Sequence[Mapping[str, object]]:
        """Return the markers of all placements on a site, each with its `prefix`."""
        prefix = ""
        if site.address.kind is SiteKind.S3:
            _, prefix = parse_bucket_url(site.address.url)
        return read_markers(self._stores.of(site), prefix)

    def remove_marker(self, placement: Placement) -> None:
        """Remove the marker of a binding that did not come about."""
        self._stores.of(placement.site).remove([marker_key(placement)])

    def remove_objects(
        self, placement: Placement, md5s: Sequence[Md5], *, slots: Sequence[str] = ()
    ) -> None:
        """Remove objects for good: for garbage collection alone."""
        keys = [object_key(placement, md5) for md5 in md5s]
        keys += [slot_key(placement, slot) for slot in slots]
        self._stores.of(placement.site).remove(keys)

    def sweep_staging(self, older_than: datetime, placement_of: PlacementOf) -> int:
        """Take back temporary bytes recorded before `older_than`; return how many there were."""
        return sweep_staging(
            self._staging,
            lambda placement: self._stores.of(placement.site),
            placement_of,
            older_than,
        )

    def check(self, address: SiteAddress, keys: SiteKeys | None) -> SiteHealth:
        """Try a site for real with probes that are removed again; ends within 15 seconds."""
        now = self._clock.now()
        try:
            self.check_address(address)
            if address.kind is SiteKind.LOCAL:
                folder = self._stores.open_local(address.url, address, NoStaging())
                place = place_of_probe(address.url, address, None, "")
                return run_check(LocalProbe(folder, place), now, for_browsers=frozenset())
            connection = self._stores.connections.open_new(address.url, address, keys)
        except LabsetError as problem:
            return failed_health("address", problem.message, now)
        place = place_of_probe(address.url, address, keys, connection.prefix)
        store = S3Store(connection, NoStaging())
        probe = S3Probe(store, place, connection, self._origin)
        return run_check(probe, now, for_browsers=FOR_BROWSERS)

    def check_address(self, address: SiteAddress) -> None:
        """Refuse an address that this installation does not allow, in words (Invalid, Forbidden)."""
        if address.kind is SiteKind.LOCAL:
            if address.endpoint or address.public_endpoint or address.region:
                raise Invalid("A local site is a folder: it has no endpoint and no region.")
            find_root(address.url, self._local_roots)
            return
        parse_bucket_url(address.url)
        if address.region is not None and not _REGION.fullmatch(address.region):
            raise Invalid(
                f"{address.region!r} is not a region, like eu-central-1.",
                details={"field": "region"},
            )
        for field in ("endpoint", "public_endpoint"):
            text = getattr(address, field)
            if text is not None:
                endpoint = parse_endpoint(text, field=field)
                check_destination(endpoint, self._allowed_hosts, self._resolve)

    def _reader(self, placement: Placement) -> Reader:
        return Reader(self._stores.of(placement.site), self._facts, placement.dataset_id)

    def _ahead(self, placement: Placement) -> ReadAhead:
        return ReadAhead(self._stores.of(placement.site), self._facts, placement)

    def _signer(self, site: SiteRecord) -> Signer:
        connection = self._stores.connections.of(site)
        return Signer(connection, connection.public_endpoint)
