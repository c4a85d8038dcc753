"""Many small files at once: stored by the threads of the site, as they arrive."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Final

from core.errors import LabsetError
from core.model.storage import BatchItem, Placement
from core.ports import BatchResult
from storage_sites.intake import Intake
from storage_sites.store import Store

_FILES_AT_ONCE: Final = 32
_BYTES_AT_ONCE: Final = 32 * 1024 * 1024

_log = logging.getLogger("labset.storage")


class Batch:
    """Takes items as fast as the site stores them: at most 32 and 32 MiB of them wait."""

    def __init__(self, store: Store, placement: Placement, largest_bytes: int) -> None:
        self._store = store
        self._worker_store = store.in_pool()
        self._placement = placement
        self._largest_bytes = largest_bytes
        self._done: SimpleQueue[tuple[int, BatchResult]] = SimpleQueue()
        self._files = 0
        self._bytes = 0

    def run(self, items: Iterator[BatchItem]) -> Iterator[BatchResult]:
        """Yield one result for each item, in any order."""
        for item in items:
            size_bytes = len(item.data)
            while self._files and self._is_full(size_bytes):
                yield self._settle_one()
            if size_bytes > self._largest_bytes:  # its parts need the threads themselves
                yield self._put(self._store, item)
                continue
            self._files += 1
            self._bytes += size_bytes
            self._store.pool.submit(self._work, item)
        while self._files:
            yield self._settle_one()

    def _is_full(self, size_bytes: int) -> bool:
        return self._files >= _FILES_AT_ONCE or self._bytes + size_bytes > _BYTES_AT_ONCE

    def _settle_one(self) -> BatchResult:
        size_bytes, result = self._done.get()
        self._files -= 1
        self._bytes -= size_bytes
        return result

    def _work(self, item: BatchItem) -> None:
        result = BatchResult(item.path, None, "It could not be stored; try again.")
        try:
            result = self._put(self._worker_store, item)
        except Exception:  # noqa: BLE001 - its thread has nobody to tell
            _log.exception("a file of a batch for dataset %s", self._placement.dataset_id)
        finally:
            self._done.put((len(item.data), result))

    def _put(self, store: Store, item: BatchItem) -> BatchResult:
        intake = Intake((item.data,), expected=item.md5, size_bytes=len(item.data))
        try:
            return BatchResult(item.path, store.put(self._placement, intake))
        except LabsetError as error:
            return BatchResult(item.path, None, error.message)
