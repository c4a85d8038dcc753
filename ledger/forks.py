"""What a child process must not share with its parent, it begins anew."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class BeginsAnew(Protocol):
    """Holds connections, threads or locks, none of which survive a fork."""

    def begin_anew(self) -> None:
        """Drop what the parent had, without closing it."""


_held: weakref.WeakSet[BeginsAnew] = weakref.WeakSet()


def begin_anew_in_children(thing: BeginsAnew) -> None:
    """Have `thing.begin_anew()` called in every child process, before anything else runs there."""
    _held.add(thing)


def _after_fork() -> None:
    for thing in list(_held):
        thing.begin_anew()


os.register_at_fork(after_in_child=_after_fork)
