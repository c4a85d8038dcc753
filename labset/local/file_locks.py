"""One process at a time: a lock that ends with its process, whatever ends it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_POLL_SECONDS = 0.05


class FileLock:
    """A lock that is held; the file at `path` stands for it and goes with it."""

    def __init__(self, path: Path, file: int) -> None:
        self._path = path
        self._file = file

    @classmethod
    def take_if_free(cls, path: Path) -> Self | None:
        """Return the lock, or None where somebody else holds it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(file)
            is_there = os.path.samestat(os.fstat(file), path.stat())
        except OSError:  # somebody holds it, or deleted the file as he let go
            is_there = False
        if is_there:
            return cls(path, file)
        os.close(file)
        return None

    @classmethod
    def take(cls, path: Path) -> Self:
        """Return the lock, when nobody else holds it any more."""
        while (lock := cls.take_if_free(path)) is None:
            time.sleep(_POLL_SECONDS)
        return lock

    def release(self) -> None:
        """Let go. The file is deleted while it is locked: nobody waits at a name of no meaning."""
        if sys.platform == "win32":  # where an open file cannot be deleted
            os.close(self._file)
            with suppress(OSError):  # somebody else has it by now
                self._path.unlink()
        else:
            self._path.unlink(missing_ok=True)
            os.close(self._file)


@contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock and yield True; yield False at once, where somebody else holds it."""
    lock = FileLock.take_if_free(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()
