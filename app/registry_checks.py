"""Looks at registered asset databases, in a thread of its own: slow ones hold up nothing else."""

from __future__ import annotations

import logging
import threading

from core.errors import LabsetError
from core.ports import AssetPlatform
from core.usecases.registry.health import CHECKS_AT_ONCE, check_due

EVERY_SECONDS = 15.0
_log = logging.getLogger("labset.registry")


def start_checks(house: AssetPlatform, stop: threading.Event) -> None:
    """Begin; the thread ends with its process, or soon after it is told to stop."""
    threading.Thread(
        target=run_checks, args=(house, stop), name="registry checks", daemon=True
    ).start()


def run_checks(house: AssetPlatform, stop: threading.Event) -> None:
    """Look at what is due until told to stop; several workers share it."""
    while not stop.is_set():
        if _check_some(house) < CHECKS_AT_ONCE:
            stop.wait(EVERY_SECONDS)


def _check_some(house: AssetPlatform) -> int:
    """Look at the next few; return how many there were, 0 where it could not be done."""
    try:
        return check_due(house)
    except LabsetError as error:
        _log.warning("looking at registered databases failed: %s", error.message)
    except Exception:  # noqa: BLE001 - the next round must come; logged
        _log.exception("looking at registered databases failed")
    return 0
