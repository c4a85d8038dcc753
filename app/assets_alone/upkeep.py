"""What an asset database that runs alone does by itself, in one process of its home.

Other homes may share the records: looks at registered databases and collections are claimed there.
"""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from app.registry_checks import start_checks
from app.steps import try_step
from core.ports import AssetPlatform
from core.usecases.assets.collection import collect_unnamed

LOCK = "upkeep.lock"
_TRY_AGAIN_SECONDS = 5.0
_ROUND_SECONDS = 3600.0
_STAGING_LIFETIME = timedelta(hours=25)

_log = logging.getLogger("labset.upkeep")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What its steps reach. `sweep_staging` removes temporary bytes that were recorded before a time."""

    house: AssetPlatform
    sweep_staging: Callable[[datetime], int]
    home: Path

    def start(self, stop: threading.Event) -> None:
        """Begin in a thread that ends with its process, or soon after it is told to stop."""
        threading.Thread(target=self.run, args=(stop,), name="upkeep", daemon=True).start()

    def run(self, stop: threading.Event) -> None:
        """Wait until no other process of this home does it, then do it until told to stop."""
        with (self.home / LOCK).open("a") as lock:
            while not _is_ours(lock):
                if stop.wait(_TRY_AGAIN_SECONDS):
                    return
            start_checks(self.house, stop)
            while not stop.is_set():
                self.go_round()
                stop.wait(_ROUND_SECONDS)

    def go_round(self) -> None:
        """Do every step; one that fails does not keep the others from running."""
        try_step(_log, "collecting bytes without a name", self._collect)
        try_step(_log, "sweeping temporary bytes", self._sweep)

    def _collect(self) -> None:
        while removed := collect_unnamed(self.house):
            _log.info("%s objects without a name were removed", removed)

    def _sweep(self) -> None:
        self.sweep_staging(self.house.clock.now() - _STAGING_LIFETIME)


def _is_ours(lock: IO[str]) -> bool:
    """Take the lock, which goes with the process, however that ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
