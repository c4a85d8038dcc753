"""Going on after a break: for how long, and with which pauses."""

from __future__ import annotations

import time
from collections.abc import Callable

from labset.errors import Unreachable

_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
_MOST_SECONDS = 60.0
_FEWEST_ATTEMPTS = 4  # also where each of them takes minutes


class Patience:
    """Lets somebody try again until nothing has moved for a minute, counted from the first failure."""

    def __init__(
        self, seconds: float = _MOST_SECONDS, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._seconds = seconds
        self._pause = pause
        self._failures = 0
        self._failed_at = 0.0

    def moved(self) -> None:
        """Say that something went on: the patience begins anew."""
        self._failures = 0

    def wait(self, problem: Unreachable) -> None:
        """Pause before the next attempt. Raises the problem, when patience ends."""
        now = time.monotonic()
        if not self._failures:
            self._failed_at = now
        if self._failures >= _FEWEST_ATTEMPTS and now - self._failed_at > self._seconds:
            raise problem
        self._pause(_PAUSES_SECONDS[min(self._failures, len(_PAUSES_SECONDS) - 1)])
        self._failures += 1
