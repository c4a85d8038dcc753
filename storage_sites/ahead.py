"""Many objects in their order: the small ones are fetched by the threads of the site before their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Final, TypeVar

from core.model.storage import BLOCK_BYTES, OpenObject, Placement, WantedObject
from core.ports import FactsRecords
from storage_sites.keys import place_key
from storage_sites.store import Store
from storage_sites.verified import Reader

OBJECTS_AHEAD: Final = 32
BYTES_AHEAD: Final = 16 * 1024 * 1024  # and at most one object of 4 MiB more

ResultT = TypeVar("ResultT")


class ReadAhead:
    """Reads objects of one dataset; at most 32 and 16 MiB of them wait for their turn."""

    def __init__(self, store: Store, facts: FactsRecords, placement: Placement) -> None:
        self._pool = store.pool
        self._placement = placement
        self._reader = Reader(store, facts, placement.dataset_id)
        self._worker_reader = Reader(store.in_pool(), facts, placement.dataset_id)
        self._bytes = 0

    def open_many(self, wanted: Iterable[WantedObject]) -> Iterator[OpenObject]:
        """Yield each object at its turn. Raises what `Reader.open` raises, at the same turn."""
        return self._run(wanted, self._open_ahead, self._open)

    def prove_many(
        self, wanted: Iterable[WantedObject], advance: Callable[[int], None]
    ) -> Iterator[bool]:
        """Say of each at its turn whether it is right."""
        return self._run(wanted, self._prove_ahead, lambda one: self._prove(one, advance))

    def _run(
        self,
        wanted: Iterable[WantedObject],
        ahead: Callable[[WantedObject], ResultT],
        now: Callable[[WantedObject], ResultT],
    ) -> Iterator[ResultT]:
        """Yield what is made of each: of small ones by the pool, ahead; of large ones at their turn."""
        coming = iter(wanted)
        waiting: deque[tuple[WantedObject, Future[ResultT] | None]] = deque()
        try:
            self._fill(waiting, coming, ahead)
            while waiting:
                one, fetched = waiting.popleft()
                result = fetched.result() if fetched else now(one)
                if fetched:
                    self._bytes -= one.size_bytes
                self._fill(waiting, coming, ahead)
                yield result
        finally:
            for _, fetched in waiting:
                if fetched:
                    fetched.cancel()

    def _fill(
        self,
        waiting: deque[tuple[WantedObject, Future[ResultT] | None]],
        coming: Iterator[WantedObject],
        ahead: Callable[[WantedObject], ResultT],
    ) -> None:
        while len(waiting) < OBJECTS_AHEAD and self._bytes < BYTES_AHEAD:
            one = next(coming, None)
            if one is None:
                return
            fetched = None
            if one.size_bytes <= BLOCK_BYTES:
                self._bytes += one.size_bytes
                fetched = self._pool.submit(ahead, one)
            waiting.append((one, fetched))

    def _open_ahead(self, one: WantedObject) -> OpenObject:
        return self._worker_reader.open(self._key(one), one.md5, one.size_bytes, one.byte_range)

    def _open(self, one: WantedObject) -> OpenObject:
        return self._reader.open(self._key(one), one.md5, one.size_bytes, one.byte_range)

    def _prove_ahead(self, one: WantedObject) -> bool:
        return self._worker_reader.prove(self._key(one), one.md5, lambda _: None)

    def _prove(self, one: WantedObject, advance: Callable[[int], None]) -> bool:
        return self._reader.prove(self._key(one), one.md5, advance)

    def _key(self, one: WantedObject) -> str:
        return place_key(self._placement, one.md5, one.slot, legacy=one.legacy)
