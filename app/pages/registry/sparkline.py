"""The history of checks as bars of a small drawing: height is the time, a cross where it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.model.registry import HealthCheck

HEIGHT = 40
STEP = 8
BAR_WIDTH = 6
LEAST_WIDTH = 160  # a few bars do not become broad ones
_LEAST = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One check: where it is drawn, from the left and from the top."""

    check: HealthCheck
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars, the oldest first, and the measures that all of them share."""

    bars: Sequence[Bar]
    height: int = HEIGHT
    bar_width: int = BAR_WIDTH

    @property
    def width(self) -> int:
        """From the first bar to the last."""
        return max(len(self.bars) * STEP, LEAST_WIDTH)


def drawing_of(history: Sequence[HealthCheck]) -> Drawing:
    """Return one bar for each check.

    Shape:   `history` has the newest first. Units: 40 high, 8 for each; the longest answer is full.
    """
    longest = max((check.seconds for check in history if check.ok), default=0.0)
    bars: list[Bar] = []
    for place, check in enumerate(reversed(history)):
        share = check.seconds / longest if check.ok and longest > 0 else 0.0
        height = max(_LEAST, round(HEIGHT * share)) if check.ok else HEIGHT
        bars.append(Bar(check, place * STEP, HEIGHT - height, height))
    return Drawing(bars)
