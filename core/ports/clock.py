"""What time it is."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the time in UTC, with its zone."""

    def sleep(self, seconds: float) -> None:
        """Let some time pass."""
