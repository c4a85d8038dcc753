"""How many calls may be under way at one site, so that a stalled one cannot hold everybody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from core.errors import Unavailable

PATIENCE_SECONDS = 2.0  # a full gate through which nothing came for so long is a stall
TRICKLE_SECONDS = 1.0  # how often a site that stalled is tried again
WAIT_SECONDS = 8.0


class Gate:
    """Lets `calls_at_once` calls through at a time; fails fast while the site does not answer.

    After a call that did not come back in time only one call a second is let through, until one
    succeeds: a stalled site holds few threads, and is found again within about a second.
    """

    def __init__(self, site: str, calls_at_once: int) -> None:
        self._site = site
        self._calls_at_once = calls_at_once
        self._changed = Condition()
        self._under_way = 0
        self._last_progress = 0.0
        self._last_try = 0.0
        self._is_stalled = False

    @contextmanager
    def pass_through(self) -> Iterator[None]:
        """Hold a place during one call. Raises Unavailable at once or after a short wait."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    @property
    def is_stalled(self) -> bool:
        """Whether the site is known to answer nobody just now."""
        return self._is_stalled

    def note_answer(self) -> None:
        """Note that the site answered, whatever it said."""
        self._last_progress = time.monotonic()
        if self._is_stalled:
            with self._changed:
                self._is_stalled = False
                self._changed.notify_all()

    def note_silence(self, began: float) -> None:
        """Note that a call that began then (monotonic seconds) was not answered."""
        with self._changed:
            if self._last_progress < began:
                self._is_stalled = True
                self._last_try = time.monotonic()
                self._changed.notify_all()

    def check(self) -> None:
        """Raise Unavailable, if the site is known to be silent and was tried within a second."""
        with self._changed:
            self._admit_while_stalled()

    def _enter(self) -> None:
        with self._changed:
            now = time.monotonic()
            deadline = now + WAIT_SECONDS
            if self._under_way == 0:
                self._last_progress = max(self._last_progress, now)
            self._admit_while_stalled()
            while self._under_way >= self._calls_at_once:
                now = time.monotonic()
                ends = min(deadline, self._last_progress + PATIENCE_SECONDS)
                if self._is_stalled or now >= ends:
                    raise self._refusal()
                self._changed.wait(ends - now)
            self._under_way += 1

    def _admit_while_stalled(self) -> None:
        if not self._is_stalled:
            return
        now = time.monotonic()
        if now - self._last_try < TRICKLE_SECONDS:
            raise self._refusal()
        self._last_try = now

    def _refusal(self) -> Unavailable:
        return Unavailable(f"The storage site {self._site} does not answer. Try again in a moment.")
