"""Waiting for something that comes by itself, for a while and not longer."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_SECONDS = 30.0


def until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < limit, "it did not come about in time"
        time.sleep(0.05)
