"""What an asset database that runs alone does by itself, in one thread of one process of its home.

Other homes may share the records: looks at registered databases and collections are claimed there.
"""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from core.errors import LabsetError
from core.ports import AssetPlatform
from core.usecases.assets.collection import collect_unnamed
from core.usecases.registry.health import check_due

EVERY_SECONDS = 10.0
_HOURLY = timedelta(hours=1)
_STAGING_LIFETIME = timedelta(hours=25)

_log = logging.getLogger("labset.upkeep")

Step = tuple[str, Callable[[], object]]


@dataclass(slots=True)
class Upkeep:
    """What the steps reach. `sweep_staging` removes temporary bytes that were recorded before a time."""

    house: AssetPlatform
    sweep_staging: Callable[[datetime], int]
    home: Path
    hourly_from: datetime | None = None

    def start(self) -> None:
        """Begin in a thread that ends with the process."""
        threading.Thread(
            target=self.run, args=(threading.Event(),), name="upkeep", daemon=True
        ).start()

    def run(self, stop: threading.Event) -> None:
        """Go round every 10 seconds, as long as no other process of this home does."""
        with (self.home / "upkeep.lock").open("a") as lock:
            while not stop.is_set():
                if _is_ours(lock):
                    self.go_round()
                stop.wait(EVERY_SECONDS)

    def go_round(self) -> None:
        """Do every step that is due; one that fails does not keep the others from running."""
        (self.home / "upkeep").touch()
        steps: Sequence[Step] = (
            ("looking at registered databases", lambda: check_due(self.house)),
        )
        if self._is_hour_over():
            steps = (*steps, *self._hourly())
        for name, step in steps:
            _try(name, step)

    def _hourly(self) -> Sequence[Step]:
        older_than = self.house.clock.now() - _STAGING_LIFETIME
        return (
            ("collecting bytes without a name", lambda: collect_unnamed(self.house)),
            ("sweeping temporary bytes", lambda: self.sweep_staging(older_than)),
        )

    def _is_hour_over(self) -> bool:
        now = self.house.clock.now()
        if self.hourly_from is not None and now < self.hourly_from + _HOURLY:
            return False
        self.hourly_from = now
        return True


def _is_ours(lock: IO[str]) -> bool:
    """Take the lock, or keep it; whoever dies lets it go."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try(name: str, step: Callable[[], object]) -> None:
    try:
        step()
    except LabsetError as error:
        _log.warning("%s failed: %s", name, error.message)
    except Exception:  # noqa: BLE001 - the next round must come; logged
        _log.exception("%s failed", name)
