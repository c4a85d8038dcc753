"""A small memory of what was looked up last, safe between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Recent(Generic[KeyT, ValueT]):
    """Keep values of things that never change; the least recently made go first.

    A hit takes no lock. `weigh` says what one value counts against `capacity` (1 by default).
    """

    def __init__(self, capacity: int, weigh: Callable[[ValueT], int] | None = None) -> None:
        self._capacity = capacity
        self._weigh = weigh or (lambda _: 1)
        self._kept: OrderedDict[KeyT, ValueT] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def get(self, key: KeyT, make: Callable[[], ValueT]) -> ValueT:
        """Return the kept value, or what `make` returns now; raises what `make` raises."""
        try:
            return self._kept[key]
        except KeyError:
            value = make()
            self.keep(key, value)
            return value

    def find(self, key: KeyT) -> ValueT | None:
        """Return the kept value, if any."""
        return self._kept.get(key)

    def keep(self, key: KeyT, value: ValueT) -> None:
        """Keep a value; older ones make room."""
        with self._lock:
            if key in self._kept:
                self._weight -= self._weigh(self._kept.pop(key))
            self._kept[key] = value
            self._weight += self._weigh(value)
            while self._weight > self._capacity and len(self._kept) > 1:
                self._weight -= self._weigh(self._kept.popitem(last=False)[1])

    def forget_where(self, matches: Callable[[KeyT], bool]) -> None:
        """Drop all keys that `matches` accepts."""
        with self._lock:
            for key in [key for key in self._kept if matches(key)]:
                self._weight -= self._weigh(self._kept.pop(key))
