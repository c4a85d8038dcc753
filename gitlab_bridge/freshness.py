"""Answers of another server, kept for a few seconds: single flight, refreshed ahead of time.

A hit takes no lock. Age counts from the moment the question was sent, so an answer never describes a
state that is older than `max_age_seconds` when it is asked for. Failures are never kept.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar, cast

from core.errors import Unavailable

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")

RETRY_REFRESH_SECONDS = 0.5
REFRESHES_AT_ONCE = 8
LONGEST_WAIT_SECONDS = 15.0
GATHER_SECONDS = 0.5
SWEEP_SECONDS = 30.0

_log = logging.getLogger(__name__)
_caches: weakref.WeakSet[Fresh[Any, Any]] = weakref.WeakSet()


class Fresh(Generic[KeyT, ValueT]):
    """Answers of `load(key)` that are at most `max_age_seconds` old.

    Younger than `refresh_after_seconds`: answered at once. Older: answered at once, and one caller's
    request starts a refresh in the background. Too old, or none: callers wait for one load together.
    An error goes to all who wait and is not kept; a refresh that fails other than by Unavailable also
    drops the answer it was to renew. At most about `max_entries` are kept, the least recently used
    go first. A forked child starts with nothing.
    """

    def __init__(
        self,
        load: Callable[[KeyT], ValueT],
        *,
        max_age_seconds: float = 5.0,
        refresh_after_seconds: float = 2.5,
        max_entries: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._max_age_seconds = max_age_seconds
        self._refresh_after_seconds = refresh_after_seconds
        self._max_entries = max_entries
        self._monotonic = monotonic
        self._start_empty()
        _caches.add(self)

    def get(self, key: KeyT) -> ValueT:
        """Return an answer of at most the greatest age; raises what `load` raises."""
        kept = self._kept.get(key)
        if kept is None:
            return self._load_together(key)
        now = self._monotonic()
        if now >= kept.expires_at:
            return self._load_together(key)
        kept.used_at = now
        if now >= kept.refresh_at:
            self._refresh_ahead(key, kept, now)
        return kept.value

    def load_now(self, key: KeyT) -> ValueT:
        """Return an answer to a question sent after this call, and keep it.

        While a question is on its way, callers gather for the next one: many share it.
        """
        with self._lock:
            ahead = self._flights.get(key)
            flight = self._gathering.get(key)
            joined = flight is not None
            if flight is None and ahead is not None:
                flight = self._gathering[key] = _Flight[ValueT]()
            elif flight is None:
                flight = self._take_off(key)
        if joined:
            return flight.wait()
        if ahead is not None:
            try:
                ahead.wait_landed(GATHER_SECONDS)
            finally:
                with self._lock:
                    self._gathering.pop(key, None)
                    self._take_off(key, flight)
        return self._fly(key, flight)

    def forget(self, key: KeyT) -> None:
        """Drop what is known, also what is still on its way: it may describe the past."""
        with self._lock:
            self._kept.pop(key, None)
            self._flights.pop(key, None)

    def forget_where(self, matches: Callable[[KeyT], bool]) -> None:
        """Drop all keys that `matches` accepts (looks at every key)."""
        with self._lock:
            for key in [key for key in self._kept if matches(key)]:
                del self._kept[key]
            for key in [key for key in self._flights if matches(key)]:
                del self._flights[key]

    def __len__(self) -> int:
        return len(self._kept)

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[KeyT, _Kept[ValueT]] = {}
        self._flights: dict[KeyT, _Flight[ValueT]] = {}
        self._gathering: dict[KeyT, _Flight[ValueT]] = {}
        self._slots = threading.BoundedSemaphore(REFRESHES_AT_ONCE)
        self._sweep_at = self._monotonic() + SWEEP_SECONDS

    def _load_together(self, key: KeyT) -> ValueT:
        with self._lock:
            now = self._monotonic()
            kept = self._kept.get(key)
            if kept is not None and now < kept.expires_at:
                return kept.value
            flight = self._flights.get(key)
            joined = flight is not None and now - flight.began_at < self._max_age_seconds
            if flight is None or not joined:
                flight = self._take_off(key)
        return flight.wait() if joined else self._fly(key, flight)

    def _refresh_ahead(self, key: KeyT, kept: _Kept[ValueT], now: float) -> None:
        if not self._slots.acquire(blocking=False):
            return
        with self._lock:
            due = now >= kept.refresh_at and self._kept.get(key) is kept
            kept.refresh_at = now + LONGEST_WAIT_SECONDS
            flight = self._take_off(key) if due and key not in self._flights else None
        if flight is None:
            self._slots.release()
            return
        slots = self._slots
        thread = threading.Thread(
            target=self._fly_in_background,
            args=(key, flight, slots),
            name="refresh",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:  # the process has no more threads: tried again soon
            slots.release()
            self._land(key, flight, error=Unavailable("No thread is free."))

    def _fly_in_background(
        self, key: KeyT, flight: _Flight[ValueT], slots: threading.Semaphore
    ) -> None:
        try:
            self._fly(key, flight)
        except Unavailable as error:
            _log.info("A refresh failed; the old answer serves until it ends: %s", error)
        except Exception as error:  # noqa: BLE001 - a thread's end: the next caller meets it again
            _log.info("A refresh failed; the old answer was dropped: %r", error)
        finally:
            slots.release()

    def _take_off(self, key: KeyT, gathered: _Flight[ValueT] | None = None) -> _Flight[ValueT]:
        flight = gathered or _Flight[ValueT]()
        flight.began_at = self._monotonic()
        self._flights[key] = flight
        return flight

    def _fly(self, key: KeyT, flight: _Flight[ValueT]) -> ValueT:
        try:
            value = self._load(key)
        except BaseException as error:
            self._land(key, flight, error=error)
            raise
        self._land(key, flight, value=value)
        return value

    def _land(
        self,
        key: KeyT,
        flight: _Flight[ValueT],
        *,
        value: ValueT | None = None,
        error: BaseException | None = None,
    ) -> None:
        with self._lock:
            if self._flights.get(key) is flight:  # else something newer took its place
                del self._flights[key]
                if error is None:
                    self._keep(key, cast("ValueT", value), flight.began_at)
                else:
                    self._note_failure(key, error)
        flight.land(value, error)

    def _keep(self, key: KeyT, value: ValueT, began_at: float) -> None:
        now = self._monotonic()
        self._kept[key] = _Kept(
            value,
            used_at=now,
            refresh_at=began_at + self._refresh_after_seconds,
            expires_at=began_at + self._max_age_seconds,
        )
        if len(self._kept) > self._max_entries or now >= self._sweep_at:
            self._sweep(now)

    def _note_failure(self, key: KeyT, error: BaseException) -> None:
        kept = self._kept.get(key)
        if kept is not None and isinstance(error, Unavailable):
            kept.refresh_at = self._monotonic() + RETRY_REFRESH_SECONDS
        else:
            self._kept.pop(key, None)

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_SECONDS
        living = [item for item in self._kept.items() if now < item[1].expires_at]
        if len(living) > self._max_entries:
            living.sort(key=lambda item: item[1].used_at)
            living = living[-(self._max_entries * 9 // 10) :]
        self._kept = dict(living)


class _Kept(Generic[ValueT]):
    __slots__ = ("expires_at", "refresh_at", "used_at", "value")

    def __init__(
        self, value: ValueT, *, used_at: float, refresh_at: float, expires_at: float
    ) -> None:
        self.value = value
        self.used_at = used_at
        self.refresh_at = refresh_at
        self.expires_at = expires_at


class _Flight(Generic[ValueT]):
    """One load on its way, and everybody who waits for it."""

    def __init__(self) -> None:
        self.began_at = 0.0
        self._landed = threading.Event()
        self._value: ValueT | None = None
        self._error: BaseException | None = None

    def land(self, value: ValueT | None, error: BaseException | None) -> None:
        self._value = value
        self._error = error
        self._landed.set()

    def wait_landed(self, seconds: float) -> None:
        self._landed.wait(seconds)

    def wait(self) -> ValueT:
        if not self._landed.wait(LONGEST_WAIT_SECONDS):
            raise Unavailable("GitLab takes too long to answer; try again in a moment.")
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:  # the loading thread was ended
            raise Unavailable("The question to GitLab was cut off; try again.")
        return cast("ValueT", self._value)


def _start_all_empty() -> None:
    for cache in list(_caches):
        cache._start_empty()  # noqa: SLF001 - the same module


os.register_at_fork(after_in_child=_start_all_empty)
