"""Work of a process beside its requests: a few threads at a time, which end with the process."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

AT_ONCE = 2

_log = logging.getLogger("labset.beside")


class ThreadsBeside:
    """`Beside` by daemon threads: what a killed process was at, its lease gives to another."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._begin_anew()

    def start(self, name: str, act: Callable[[], None]) -> bool:
        """Begin `act` in a thread of its own, or return False where there is no room just now."""
        if self._pid != os.getpid():
            self._begin_anew()
        places = self._places
        if not places.acquire(blocking=False):
            return False

        def run() -> None:
            try:
                act()
            except Exception:  # noqa: BLE001 - a thread has nobody to tell; logged
                _log.exception("%s failed", name)
            finally:
                places.release()

        threading.Thread(target=run, name="beside", daemon=True).start()
        return True

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._places = threading.Semaphore(self._at_once)
