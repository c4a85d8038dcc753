"""The check of a site: its steps one after the other, each within its time, none able to hang."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from core.errors import LabsetError
from core.model.storage import CheckStep, SiteHealth

STEP_SECONDS: Final = 10.0
CHECK_SECONDS: Final = 15.0

_log = logging.getLogger("labset.storage")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try: `run` answers what is wrong, or None.

    A site that fails a step which `is_needed` is of no use; the steps after it are not tried.
    """

    name: str
    run: Callable[[], str | None]
    is_needed: bool = True


class Probe(Protocol):
    """Bytes that a check leaves at a site and takes away again."""

    steps: Sequence[Step]

    def clean_up(self) -> None:
        """Remove whatever is left."""


def run_check(probe: Probe, now: datetime, *, for_browsers: frozenset[str]) -> SiteHealth:
    """Run the steps of a probe; browsers may go there if the steps `for_browsers` went well.

    Raises nothing: what fails is told by its step.
    """
    deadline = time.monotonic() + CHECK_SECONDS
    told: list[CheckStep] = []
    with_time_limit = ThreadPoolExecutor(1, thread_name_prefix="site-check")
    try:
        for step in probe.steps:
            told.append(_run_step(step, with_time_limit, deadline))
            if step.is_needed and not told[-1].ok:
                break
        with_time_limit.submit(_clean_up, probe)
    finally:
        with_time_limit.shutdown(wait=False)
    good = {step.name for step in told if step.ok}
    needed = {step.name for step in probe.steps if step.is_needed}
    return SiteHealth(
        ok=needed <= good,
        checked_at=now,
        steps=tuple(told),
        browser_transfer=bool(for_browsers) and needed | for_browsers <= good,
    )


def failed_health(name: str, problem: str, now: datetime) -> SiteHealth:
    """Return what is said of a site that could not even be tried."""
    return SiteHealth(
        ok=False, checked_at=now, steps=(CheckStep(name, ok=False, seconds=0.0, problem=problem),)
    )


def _run_step(step: Step, pool: ThreadPoolExecutor, deadline: float) -> CheckStep:
    began = time.monotonic()
    limit_seconds = min(STEP_SECONDS, deadline - began)
    if limit_seconds <= 0:
        return CheckStep(step.name, ok=False, seconds=0.0, problem="There was no time left for it.")
    try:
        problem = pool.submit(step.run).result(limit_seconds)
    except TimeoutError:
        problem = f"It took longer than {limit_seconds:.0f} seconds."
    except LabsetError as error:
        problem = error.message
    seconds = round(time.monotonic() - began, 4)
    return CheckStep(step.name, ok=problem is None, seconds=seconds, problem=problem)


def _clean_up(probe: Probe) -> None:
    try:
        probe.clean_up()
    except LabsetError as problem:
        _log.warning("the check left a probe behind: %s", problem.message)
