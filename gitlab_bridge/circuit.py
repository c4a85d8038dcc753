"""How many may wait for GitLab at once, and when not to ask it at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from core.errors import Unavailable

ResultT = TypeVar("ResultT")

AT_ONCE = 24
QUEUE_SECONDS = 2.0
STALLS_TO_OPEN = 5
OPEN_SECONDS = 2.0


class Stalled(Exception):
    """GitLab took longer than it was given."""


class Circuit:
    """Runs calls in at most `at_once` threads, each for a limited time.

    After five stalls in a row GitLab is left alone for two seconds: callers hear so at once; then
    one call tries, for each two seconds more. Where nobody asked for two seconds beyond, what was
    is no news: all may ask, until the next stall. A stalled call keeps its thread until its socket
    gives up, its caller does not.
    """

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        queue_seconds: float = QUEUE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="gitlab")
        self._queue_seconds = queue_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._stalls = 0
        self._open_until = 0.0

    def run(self, call: Callable[[], ResultT], timeout_seconds: float) -> ResultT:
        """Return what `call` returns, or raise what it raises.

        Raises:  Stalled, if it did not end in time; Unavailable, if too many wait already or
                 GitLab has just stalled for others.
        """
        self._check_closed()
        if not self._slots.acquire(timeout=min(self._queue_seconds, max(timeout_seconds, 0.0))):
            raise Unavailable("Too many requests wait for GitLab; try again in a moment.")
        try:
            future = self._threads.submit(call)
        except BaseException:
            self._slots.release()
            raise
        future.add_done_callback(lambda _: self._slots.release())
        try:
            result = future.result(timeout_seconds)
        except Stalled:
            self._note_stall()
            raise
        except TimeoutError as error:
            if future.done():
                raise
            self._note_stall()
            raise Stalled from error
        self._note_answer()
        return result

    def _check_closed(self) -> None:
        with self._lock:
            if self._stalls < STALLS_TO_OPEN:
                return
            now = self._monotonic()
            if (
                now >= self._open_until + OPEN_SECONDS
            ):  # nobody tried since: all may, until one stalls
                self._stalls = STALLS_TO_OPEN - 1
                return
            if now >= self._open_until:  # this caller tries, the others go on waiting
                self._open_until = now + OPEN_SECONDS
                return
        raise Unavailable("GitLab has not been answering; try again in a moment.")

    def _note_stall(self) -> None:
        with self._lock:
            self._stalls += 1
            if self._stalls >= STALLS_TO_OPEN:
                self._open_until = self._monotonic() + OPEN_SECONDS

    def _note_answer(self) -> None:
        with self._lock:
            self._stalls = 0
