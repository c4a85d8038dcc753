"""What runs by itself in every worker: settle what was left half way, wake what waits, keep order."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.broker import clear_leftovers
from app.probes import HEARTBEAT
from app.steps import try_step
from core.ports import AssetPlatform, LoginRecords, Platform
from core.usecases.assets.collection import collect_unnamed
from core.usecases.sites.checking import check_all_sites
from core.usecases.upkeep.recovery import reconcile

_log = logging.getLogger("labset.reconciler")
_EVERY_SECONDS = 10
_HOURLY_SECONDS = 3600
_HOURLY, _COLLECTED = "hourly", "collected"
_STAGING_LIFETIME = timedelta(hours=25)  # an upload session lives for 24

Step = tuple[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What the steps reach. `count_messages` and `wake` speak to the broker."""

    platform: Platform
    assets: AssetPlatform
    logins: LoginRecords
    sweep_staging: Callable[[datetime], int]
    count_messages: Callable[[], int]
    wake: Callable[[str], None]
    home: Path

    def run(self, stop: threading.Event) -> None:
        """Go round every 10 seconds until told to stop."""
        self._heartbeat.parent.mkdir(parents=True, exist_ok=True)
        while True:
            self.go_round()
            if stop.wait(_EVERY_SECONDS):
                return

    def go_round(self) -> None:
        """Do every step that is due; one that fails does not keep the others from running."""
        self._heartbeat.touch()
        steps: Sequence[Step] = (
            ("settling uploads and bindings", lambda: reconcile(self.platform)),
            ("waking jobs", self._wake_waiting),
        )
        if self._is_hour_over(_HOURLY):
            steps = (*steps, *self._hourly())
        if self._is_hour_over(_COLLECTED):
            steps = (*steps, ("collecting bytes of no asset", self._collect))
        for name, step in steps:
            try_step(_log, name, step)

    @property
    def _heartbeat(self) -> Path:
        """The file whose age tells how long ago a worker of this machine was alive."""
        return self.home / HEARTBEAT

    def _wake_waiting(self) -> None:
        """Send again what waits, unless messages wait already."""
        waiting = self.platform.jobs.list_waiting_jobs(self.platform.clock.now())
        if waiting and self.count_messages() == 0:
            for job in waiting:
                self.wake(job.id)

    def _hourly(self) -> Sequence[Step]:
        now = self.platform.clock.now()
        return (
            ("sweeping log-ins", lambda: self.logins.sweep_logins(now)),
            ("sweeping refusals", lambda: self.platform.refusals.sweep_refusals(now)),
            ("sweeping temporary bytes", lambda: self.sweep_staging(now - _STAGING_LIFETIME)),
            ("checking sites", lambda: check_all_sites(self.platform)),
            ("clearing the broker", lambda: clear_leftovers(self.home / "broker")),
        )

    def _collect(self) -> None:
        """Remove what 10 seconds allow; where there may be more, the next round goes on."""
        if collect_unnamed(self.assets):
            self._mark(_COLLECTED).unlink(missing_ok=True)

    def _is_hour_over(self, name: str) -> bool:
        mark = self._mark(name)
        if mark.exists() and time.time() - mark.stat().st_mtime < _HOURLY_SECONDS:
            return False
        mark.touch()
        return True

    def _mark(self, name: str) -> Path:
        """Return the file whose age tells when a worker of this machine did something last."""
        return self._heartbeat.with_name(name)
