"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """`Clock`; sleeping only moves it on."""

    def __init__(self, now: datetime = datetime(2024, 5, 17, 12, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return where it stands."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._now += timedelta(seconds=seconds)
