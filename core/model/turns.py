"""How many do something at once, where each of them holds a thread of its process meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from core.errors import Unavailable


class Turns:
    """Lets `at_once` pass at a time; `waiting` more wait up to `wait_seconds`, others hear `refusal` at once."""

    def __init__(
        self, at_once: int, refusal: str, *, waiting: int = 0, wait_seconds: float = 0.0
    ) -> None:
        self._turns = BoundedSemaphore(at_once)
        self._places = BoundedSemaphore(at_once + waiting)
        self._wait_seconds = wait_seconds
        self._refusal = refusal

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a turn as long as the block lasts.

        Raises:  Unavailable with the code `busy`, where there was none in time.
        """
        if not self._places.acquire(blocking=False):
            raise self._busy()
        try:
            if not self._turns.acquire(timeout=self._wait_seconds):
                raise self._busy()
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _busy(self) -> Unavailable:
        return Unavailable(
            f"{self._refusal} Try again in a moment.", code="busy", retry_after_seconds=1
        )
