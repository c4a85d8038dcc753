"""Turns between the processes of one test run: most tests share the machine, some need it alone.

Two locks of the file system, so that whoever wants to be alone is not passed by others for ever.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def a_turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold the machine together with others, or alone; `folder` is the same for all processes."""
    with (folder / "door").open("a") as door, (folder / "machine").open("a") as machine:
        with _held(door, fcntl.LOCK_EX):
            fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(machine, fcntl.LOCK_UN)


@contextmanager
def _held(file: IO[str], how: int) -> Iterator[None]:
    fcntl.flock(file, how)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
