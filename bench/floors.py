"""What the client shall reach at least, next to what it reached in this run."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.contestants.dvc import DVC
from bench.contestants.labset import LABSET
from bench.contestants.rclone import RCLONE
from bench.programs import Shell, seconds_of
from bench.racing import Race

_STARTS = 9


class Floor(NamedTuple):
    """A ratio or a time, and the line that it shall not cross."""

    what: str
    seen: float
    wanted: float
    at_least: bool
    unit: str = ""

    @property
    def sentence(self) -> str:
        """It, what was seen, and whether that is good."""
        reached = self.seen >= self.wanted if self.at_least else self.seen <= self.wanted
        bound = "at least" if self.at_least else "at most"
        verdict = "reached" if reached else "**not reached**"
        return f"- {self.what}: {self.seen:.2f}{self.unit}, wanted {bound} {self.wanted:g}{self.unit}: {verdict}."


def floor_lines(races: Sequence[Race], help_seconds: float) -> list[str]:
    """Return a line per floor that these races tell something about."""
    found = [floor for race in races for floor in _floors_of(race)]
    found.append(Floor("`labset --help`", help_seconds, 0.2, at_least=False, unit=" s"))
    return [floor.sentence for floor in found]


def measure_help(shell: Shell, folder: Path) -> float:
    """Return the seconds from starting `labset --help` to its end, the median of nine."""
    command = (sys.executable, "-m", "labset", "--help")
    return statistics.median(
        seconds_of(lambda: shell.run(folder, *command)) for _ in range(_STARTS)
    )


def _floors_of(race: Race) -> Iterator[Floor]:
    labset = race.seconds.get(LABSET.name)
    if labset is None:
        return
    title = race.files.title
    rclone, dvc = race.seconds.get(RCLONE.name), race.seconds.get(DVC.name)
    for action in ("publish", "pull"):
        if rclone and race.files.name == "small":
            share = labset[action] / rclone[action]
            yield Floor(f"{title}, {action}: Labset / rclone", share, 2, at_least=False)
        elif rclone:
            share = rclone[action] / labset[action]
            yield Floor(f"{title}, {action}: rclone / Labset", share, 0.85, at_least=True)
        if dvc and race.files.name == "small":
            share = dvc[action] / labset[action]
            yield Floor(f"{title}, {action}: dvc / Labset", share, 12, at_least=True)
    if race.files.name == "small":
        one, same = labset["one"], labset["same"]
        yield Floor(f"{title}, one file by Labset", one, 0.7, at_least=False, unit=" s")
        yield Floor(f"{title}, nothing changed, by Labset", same, 1, at_least=False, unit=" s")
