"""Which datasets somebody may read, for lists: what does not answer soon is left out of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from threading import BoundedSemaphore, RLock
from typing import Final

from core.errors import Unavailable
from core.model.access import Actor
from core.model.names import DatasetId

MAX_PATIENT_LISTS = 16  # of one process: each holds a thread of the web server
PATIENCE_SECONDS = 3.0
HASTE_SECONDS = 0.5

_ASKED_AT_ONCE: Final = 8
_SILENT_SECONDS: Final = 5.0  # for which nobody waits, where nothing answered
_AT_ONCE_SECONDS: Final = 0.1  # what is known is told within

Answers = dict[DatasetId, Future[bool]]


class Readers:
    """Asks `is_readable` in a few threads that all requests share, once for those who ask the same.

    A list waits for 3 seconds at most, or half a second where 16 others wait already. Where nothing
    at all was answered in 3 seconds, nobody waits for the next 5.
    """

    def __init__(self, is_readable: Callable[[Actor, DatasetId], bool]) -> None:
        self._is_readable = is_readable
        self._threads = ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="readable")
        self._under_way: dict[tuple[Actor, DatasetId], Future[bool]] = {}
        self._waiters: Counter[Future[bool]] = Counter()
        self._lock = RLock()  # an answer that is cancelled under it is forgotten at once
        self._patient = BoundedSemaphore(MAX_PATIENT_LISTS)
        self._silent_until = 0.0

    def find(self, actor: Actor, among: Collection[DatasetId]) -> frozenset[DatasetId]:
        """Return those of some datasets of which it is known in time that the caller may read them.

        Raises:  whatever `is_readable` raises, but Unavailable: such a dataset is left out.
        """
        answers = {one: self._ask(actor, one) for one in sorted(among)}
        try:
            with self._patience() as seconds:
                told, missing = wait(answers.values(), timeout=seconds)
        finally:
            self._leave(answers.values())
        if missing and not told and seconds >= PATIENCE_SECONDS:
            self._silent_until = time.monotonic() + _SILENT_SECONDS
        return frozenset(_readable(answers))

    def _ask(self, actor: Actor, dataset_id: DatasetId) -> Future[bool]:
        asked = actor, dataset_id
        with self._lock:
            answer = self._under_way.get(asked)
            if answer is None or answer.done():
                answer = self._threads.submit(self._is_readable, actor, dataset_id)
                self._under_way[asked] = answer
                answer.add_done_callback(partial(self._forget, asked))
            self._waiters[answer] += 1
        return answer

    def _leave(self, answers: Iterable[Future[bool]]) -> None:
        """Wait no longer; what nobody waits for is not asked, if it was not yet."""
        with self._lock:
            for answer in answers:
                self._waiters[answer] -= 1
                if not self._waiters[answer]:
                    del self._waiters[answer]
                    answer.cancel()

    def _forget(self, asked: tuple[Actor, DatasetId], answer: Future[bool]) -> None:
        with self._lock:
            if self._under_way.get(asked) is answer:
                del self._under_way[asked]

    @contextmanager
    def _patience(self) -> Iterator[float]:
        """Give the seconds for which to wait."""
        if time.monotonic() < self._silent_until:
            yield _AT_ONCE_SECONDS
        elif self._patient.acquire(blocking=False):
            try:
                yield PATIENCE_SECONDS
            finally:
                self._patient.release()
        else:
            yield HASTE_SECONDS


def _readable(answers: Answers) -> Iterable[DatasetId]:
    for dataset_id, answer in answers.items():
        if not answer.done() or answer.cancelled():
            continue
        failure = answer.exception()
        if failure is None and answer.result():
            yield dataset_id
        elif failure is not None and not isinstance(failure, Unavailable):
            raise failure
