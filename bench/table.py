"""Races as one table: a row per set and action, a column per contestant."""

from __future__ import annotations

from collections.abc import Sequence

from bench.contestants.labset import LABSET
from bench.racing import ACTIONS, ENTRIES, Race


def race_table(races: Sequence[Race]) -> list[str]:
    """Return the lines of a Markdown table, aligned so that a terminal shows it as well.

    A cell holds the median in seconds and, after the ×, how much of the best peer's time that is.
    """
    names = [entry.name for entry in ENTRIES if any(entry.name in race.seconds for race in races)]
    head = ["files", "what", *names]
    rows = [
        [
            f"{race.files.title} ({_runs(race.runs)})",
            words,
            *(_cell(race, name, action) for name in names),
        ]
        for race in races
        for action, words in ACTIONS.items()
    ]
    return _aligned([head, *rows])


def notes(races: Sequence[Race], absent: dict[str, str]) -> list[str]:
    """Return a line for everybody of whom a cell is empty."""
    return [
        *(f"- {name} is absent: `{line}` brings it." for name, line in absent.items()),
        *(
            f"- {name} did not finish {race.files.title}: {' '.join(why.split())}"
            for race in races
            for name, why in race.failed.items()
        ),
    ]


def _cell(race: Race, name: str, action: str) -> str:
    if name not in race.seconds:
        return "–"
    seconds = race.seconds[name][action]
    best = race.best_peer(action)
    share = "" if best is None else f" × {seconds / best:.2f}"
    text = f"{seconds:.2f} s{share}"
    return f"**{text}**" if name == LABSET.name else text


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"{count} runs"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(width) if index < 2 else cell.rjust(width)  # noqa: PLR2004 - words, then numbers
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = [
        "-" * (width + 2) if index < 2 else "-" * (width + 1) + ":"  # noqa: PLR2004 - the same
        for index, width in enumerate(widths)
    ]
    return [lines[0], "|" + "|".join(rule) + "|", *lines[1:]]
