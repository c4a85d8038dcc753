"""Is every part there? Asked in parallel, within 3 seconds, never twice at the same time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.errors import LabsetError
from core.ports import Platform

_log = logging.getLogger("labset.probes")
_LIMIT_SECONDS = 3.0
_WORKER_SILENT_SECONDS = 45.0
_SITES_STALE = timedelta(hours=3)

HEARTBEAT = "worker/heartbeat"

Probe = Callable[[], "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """How one part is; `facts` are safe for everybody's eyes."""

    ok: bool
    message: str
    seconds: float | None = None
    facts: Mapping[str, object] | None = None


class Probes:
    """Asks the parts; one that hangs holds one thread, however often it is asked for."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = dict(probes)
        self._running: dict[str, Future[Part]] = {}
        self._guard = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def ask(self) -> Mapping[str, Part]:
        """Return how every part is, after at most 3 seconds."""
        asked = {name: self._start(name) for name in self._probes}
        wait(asked.values(), timeout=_LIMIT_SECONDS)
        return {
            name: future.result()
            if future.done()
            else Part(ok=False, message=f"did not answer within {_LIMIT_SECONDS:.0f} seconds")
            for name, future in asked.items()
        }

    def _start(self, name: str) -> Future[Part]:
        with self._guard:
            running = self._running.get(name)
            if running is None or running.done():
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(len(self._probes), "probe")
                running = self._running[name] = self._pool.submit(_safely, self._probes[name])
            return running


def make_probes(home: Path, platform: Platform, check_ledger: Callable[[], float]) -> Probes:
    """Return the probes of one application."""
    return Probes(
        {
            "ledger": lambda: timed(check_ledger),
            "gitlab": lambda: timed(platform.directory.check_answers),
            "worker": lambda: worker_part(home / HEARTBEAT),
            "sites": lambda: sites_part(platform),
        }
    )


def timed(measure: Callable[[], float]) -> Part:
    """Return a part that answers how long it took, in seconds."""
    return Part(ok=True, message="answers", seconds=measure())


def worker_part(heartbeat: Path) -> Part:
    """Say whether a worker of this machine was alive within 45 seconds."""
    try:
        age = time.time() - heartbeat.stat().st_mtime
    except FileNotFoundError:
        return Part(ok=False, message="no worker has ever run here: python -m app.worker")
    if age > _WORKER_SILENT_SECONDS:
        return Part(ok=False, message=f"silent for {age:.0f} seconds: python -m app.worker")
    return Part(ok=True, message="alive", facts={"last_seen_seconds": round(age, 1)})


def sites_part(platform: Platform) -> Part:
    """Say how many sites failed their last check; which ones, only their own pages tell."""
    records = platform.sites.list_site_records()
    failing = sum(record.health is not None and not record.health.ok for record in records)
    since = platform.clock.now() - _SITES_STALE
    stale = sum(record.health is None or record.health.checked_at < since for record in records)
    message = f"{failing} of {len(records)} failed their last check" if failing else "well"
    facts = {"known": len(records), "failing": failing, "not_checked_lately": stale}
    return Part(ok=not failing, message=message, facts=facts)


def _safely(probe: Probe) -> Part:
    began = time.perf_counter()
    try:
        return probe()
    except LabsetError as error:
        return Part(ok=False, message=error.message, seconds=time.perf_counter() - began)
    except Exception:  # noqa: BLE001 - a probe reports; logged
        _log.exception("a probe failed")
        return Part(ok=False, message="failed; the log tells why")
