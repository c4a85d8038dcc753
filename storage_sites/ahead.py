"""Many objects in their order: the small ones are fetched by the threads of the site before their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Final

from core.model.storage import BLOCK_BYTES, OpenObject, Placement, WantedObject
from core.ports import FactsRecords
from storage_sites.keys import object_key
from storage_sites.store import Store
from storage_sites.verified import Reader

OBJECTS_AHEAD: Final = 32
BYTES_AHEAD: Final = 16 * 1024 * 1024  # and at most one object of 4 MiB more

_Waiting = tuple[WantedObject, Future[OpenObject] | None]


class ReadAhead:
    """Opens the objects of one dataset; at most 32 and 16 MiB of them wait for their turn."""

    def __init__(self, store: Store, facts: FactsRecords, placement: Placement) -> None:
        self._pool = store.pool
        self._placement = placement
        self._reader = Reader(store, facts, placement.dataset_id)
        self._worker_reader = Reader(store.in_pool(), facts, placement.dataset_id)
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0

    def run(self, wanted: Iterable[WantedObject]) -> Iterator[OpenObject]:
        """Yield each object at its turn. Raises what `Reader.open` raises, at the same turn."""
        coming = iter(wanted)
        try:
            self._fill(coming)
            while self._waiting:
                one, fetched = self._waiting.popleft()
                opened = fetched.result() if fetched else _open(self._reader, self._placement, one)
                if fetched:
                    self._bytes -= one.size_bytes
                self._fill(coming)
                yield opened
        finally:
            for _, fetched in self._waiting:
                if fetched:
                    fetched.cancel()
            self._waiting.clear()

    def _fill(self, coming: Iterator[WantedObject]) -> None:
        while len(self._waiting) < OBJECTS_AHEAD and self._bytes < BYTES_AHEAD:
            one = next(coming, None)
            if one is None:
                return
            fetched = None
            if one.size_bytes <= BLOCK_BYTES:
                self._bytes += one.size_bytes
                fetched = self._pool.submit(_open, self._worker_reader, self._placement, one)
            self._waiting.append((one, fetched))


def _open(reader: Reader, placement: Placement, one: WantedObject) -> OpenObject:
    key = object_key(placement, one.md5, legacy=one.legacy)
    return reader.open(key, one.md5, one.size_bytes, one.byte_range)
