"""Many small writes at once share one transaction, and so one wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from core.errors import LabsetError, Unavailable
from ledger.database import WAIT_SECONDS
from ledger.forks import begin_anew_in_children

ItemT = TypeVar("ItemT")


class _Waiting(Generic[ItemT]):
    """One caller's item, and what became of it."""

    def __init__(self, item: ItemT) -> None:
        self.item = item
        self.is_done = False
        self.problem: LabsetError | None = None


class Gathering(Generic[ItemT]):
    """Calls `write` with one item, or with all that came while the last call was under way.

    `write` does all or nothing and may be repeated. If it refuses several items, each is tried by
    itself, so that every caller hears of its own item only.
    """

    def __init__(self, write: Callable[[Sequence[ItemT]], None]) -> None:
        self._write = write
        self.begin_anew()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """Start with nobody waiting."""
        self._turn = threading.Lock()
        self._waiting: list[_Waiting[ItemT]] = []

    def submit(self, item: ItemT) -> None:
        """Return once the item is written, or raise what `write` raised for it."""
        mine = _Waiting(item)
        self._waiting.append(mine)
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("Labset's own database is busy: try again in a moment.")
        try:
            if not mine.is_done:
                self._write_gathered(self._take(mine))
        finally:
            self._turn.release()
        if mine.problem is not None:
            raise mine.problem

    def _take(self, mine: _Waiting[ItemT]) -> list[_Waiting[ItemT]]:
        count = len(self._waiting)  # appending needs no lock; only who has the turn takes away
        taken, self._waiting[:count] = self._waiting[:count], []
        # Who had the turn before us may have been interrupted with our item in hand.
        return taken if mine in taken else [mine, *taken]

    def _write_gathered(self, gathered: Sequence[_Waiting[ItemT]]) -> None:
        try:
            self._write([one.item for one in gathered])
        except Unavailable as error:
            for one in gathered:
                one.problem = error
        except LabsetError as error:
            self._write_each(gathered, error)
        for one in gathered:
            one.is_done = True

    def _write_each(self, gathered: Sequence[_Waiting[ItemT]], error: LabsetError) -> None:
        if len(gathered) == 1:
            gathered[0].problem = error
            return
        for one in gathered:
            try:
                self._write([one.item])
            except LabsetError as own:
                one.problem = own
