"""What commands print: aligned for people, tabs in a pipe, JSON where it is asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import typer

_STEP = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def print_json(value: object) -> None:
    """Print one value; dataclasses become objects, times ISO 8601."""
    typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False, default=_dressed))


def print_rows(rows: Iterable[Sequence[str]]) -> None:
    """Print columns: aligned on a terminal (the last one ragged), separated by tabs in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)] if kept else []
    for row in kept:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def print_line(text: str) -> None:
    """Print a sentence."""
    typer.echo(text)


def shown(text: str) -> str:
    """Return what others wrote without what would move a terminal's cursor or break a line."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def size_text(size_bytes: int | None) -> str:
    """Return a size in decimal units; plain bytes in a pipe, nothing for what has no size."""
    if size_bytes is None:
        return ""
    return human_size(size_bytes) if sys.stdout.isatty() else str(size_bytes)


def human_size(size_bytes: float) -> str:
    """Return a size in decimal units, with three digits or so."""
    value, unit = float(size_bytes), _UNITS[0]
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def time_text(moment: datetime | None) -> str:
    """Return a time of day in the machine's zone on a terminal, ISO 8601 in a pipe."""
    if moment is None:
        return ""
    if sys.stdout.isatty():
        return f"{moment.astimezone():%Y-%m-%d %H:%M}"
    return moment.isoformat()


def counted(number: int, what: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("Iterable[object]", value)]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _dressed(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
