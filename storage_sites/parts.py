"""`Parts` for S3 and for folders of the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from core.model.names import Md5
from core.model.parts import Arrived, PartPlan, Staging
from core.model.storage import Link, Placement, SiteKind, StoredObject
from core.ports import FactsRecords, StagingRecords
from storage_sites.intake import facts_of
from storage_sites.local_parts import LocalParts
from storage_sites.s3_parts import S3Parts
from storage_sites.stores import Stores

_ALIVE_EVERY_SECONDS: Final = 1.0


class SiteParts:
    """Bytes at sites that have no name yet."""

    def __init__(self, stores: Stores, facts: FactsRecords, staging: StagingRecords) -> None:
        self._stores = stores
        self._facts = facts
        self._staging = staging

    def begin(self, placement: Placement) -> Staging:
        """Make room for a file; recorded before it exists."""
        return self._of(placement).begin()

    def find_arrived(
        self, placement: Placement, staging: Staging, plan: PartPlan
    ) -> Arrived | None:
        """Return what is there, or None where the room is gone."""
        return self._of(placement).find_arrived(staging, plan)

    def links(
        self, placement: Placement, staging: Staging, plan: PartPlan, numbers: Sequence[int]
    ) -> Mapping[int, Link] | None:
        """Return PUT links for parts, or None where the site takes none."""
        if placement.site.address.kind is not SiteKind.S3:
            return None
        return self._s3(placement).links(staging, plan, numbers)

    def takes_parts(self, placement: Placement) -> bool:
        """Whether the site gives links to parts."""
        return placement.site.address.kind is SiteKind.S3

    def append(
        self,
        placement: Placement,
        staging: Staging,
        plan: PartPlan,
        first: int,
        chunks: Iterable[bytes],
    ) -> int:
        """Keep bytes that go on at `first`; return how many of the file are there."""
        return self._of(placement).append(staging, plan, first, chunks)

    def finish(
        self,
        placement: Placement,
        staging: Staging,
        plan: PartPlan,
        expected: Md5,
        keep_alive: Callable[[], None],
    ) -> StoredObject:
        """Join the parts, read the whole back, give it its name, take the room back."""
        seldom = _seldom(keep_alive)
        stored = self._of(placement).finish(staging, plan, expected, seldom)
        self._facts.remember_facts(placement.dataset_id, [facts_of(stored)], at_once=True)
        return stored

    def drop(self, placement: Placement, staging: Staging) -> None:
        """Take the room back with all that is in it."""
        self._of(placement).drop(staging)

    def _of(self, placement: Placement) -> S3Parts | LocalParts:
        if placement.site.address.kind is SiteKind.S3:
            return self._s3(placement)
        return LocalParts(self._stores.local(placement.site), self._staging, placement)

    def _s3(self, placement: Placement) -> S3Parts:
        connection = self._stores.connections.of(placement.site)
        return S3Parts(connection, self._staging, placement)


def _seldom(act: Callable[[], None]) -> Callable[[], None]:
    """Return what calls `act` about every second, however often it is called itself."""
    last = time.monotonic()

    def perhaps() -> None:
        nonlocal last
        if time.monotonic() - last >= _ALIVE_EVERY_SECONDS:
            last = time.monotonic()
            act()

    return perhaps
