"""Steps of work that comes round again: one that fails is told of and keeps no other from running."""

from __future__ import annotations

import logging
from collections.abc import Callable

from core.errors import LabsetError


def try_step(log: logging.Logger, name: str, step: Callable[[], object]) -> None:
    """Do a step; what goes wrong is written to `log`."""
    try:
        step()
    except LabsetError as error:
        log.warning("%s failed: %s", name, error.message)
    except Exception:  # the next round must come
        log.exception("%s failed", name)
