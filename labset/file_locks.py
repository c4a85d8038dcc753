"""One process at a time: a lock that ends with its process, whatever ends it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_POLL_SECONDS = 0.05


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that the file at `path` stands for; wait for whoever holds it."""
    file = _wait_for(path)
    try:
        yield
    finally:
        _release(path, file)


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock and yield True; yield False at once, where somebody else holds it."""
    file = _try(path)
    try:
        yield file is not None
    finally:
        if file is not None:
            _release(path, file)


def _wait_for(path: Path) -> int:
    while (file := _try(path)) is None:
        time.sleep(_POLL_SECONDS)
    return file


def _try(path: Path) -> int | None:
    """Return the open and locked file, or None. A file that was deleted meanwhile locks nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(file)
        is_there = path.exists() and os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        os.close(file)
        return None
    if not is_there:
        os.close(file)
        return None
    return file


def _release(path: Path, file: int) -> None:
    """Delete while it is still locked, so that nobody waits at a name that means nothing."""
    if sys.platform != "win32":  # where an open file cannot be deleted
        path.unlink(missing_ok=True)
    os.close(file)
