"""A moment by which a call has ended, whatever the other side does."""

from __future__ import annotations

import time

from outgoing.problems import TOO_SLOW, CallFailed


class Deadline:
    """Counts down by the wall clock; every wait of a call is given what is left of it."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._seconds = seconds

    @property
    def passed_seconds(self) -> float:
        """Return how long it runs."""
        return time.monotonic() - self._began

    @property
    def left_seconds(self) -> float:
        """Return what is left, 0 where it is over."""
        return max(0.0, self._seconds - self.passed_seconds)

    def left(self) -> float:
        """Return what is left, which is more than nothing. Raises: CallFailed, if it is over."""
        left = self.left_seconds
        if not left:
            raise CallFailed(TOO_SLOW)
        return left
