"""The md5 of local files, remembered while size, time of change, inode and device stay the same."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    md5 BLOB NOT NULL, PRIMARY KEY (device, inode)
) WITHOUT ROWID
"""
_WAIT_SECONDS = 5.0
_LARGEST_BYTES = 400_000_000  # some millions of files; then it is begun anew
_SECOND_NS = 1_000_000_000
_TICK_NS = 20_000_000  # the kernel's clock, by which files are dated, moves in steps
_SIGN_BIT = 1 << 63
_MEMORY = ":memory:"


class Signature(NamedTuple):
    """What changes when a file changes. Units: `size` in bytes, `mtime_ns` since 1970."""

    device: int
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Signature:
        """Return the signature that a stat shows."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)

    def is_settled(self, now_ns: int) -> bool:
        """Whether a later change would show in the time of change.

        A file written twice within one step of the clock has the same time both times. Some file
        systems count whole seconds, or two of them.
        """
        coarse = self.mtime_ns % _SECOND_NS == 0
        return now_ns - self.mtime_ns > (2 * _SECOND_NS if coarse else _TICK_NS)


class HashCache:
    """Remembers md5s in an SQLite file; any thread may use it.

    A damaged file is begun anew; where none can be written, this process alone remembers.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = _open_somehow(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def find(self, signatures: Iterable[Signature]) -> Iterator[str | None]:
        """Yield the md5 of each, or None."""
        query = "SELECT md5, size, mtime_ns FROM files WHERE device = ? AND inode = ?"
        with self._lock:
            for one in signatures:
                row = self._database.execute(query, _key(one)).fetchone()
                same = row is not None and row[1:] == (one.size, one.mtime_ns)
                yield row[0].hex() if same else None

    def find_one(self, signature: Signature) -> str | None:
        """Return the md5, or None."""
        (md5,) = self.find([signature])
        return md5

    def keep(self, known: Sequence[tuple[Signature, str]], *, at_rest: bool = False) -> bool:
        """Remember md5s that were computed just now, where a later change would show.

        `at_rest`: nobody writes to these files any more. Say whether they were remembered: not, where
        another process holds the file for long.
        """
        now_ns = time.time_ns()
        rows = [
            (*_key(one), one.size, one.mtime_ns, bytes.fromhex(md5))
            for one, md5 in known
            if at_rest or one.is_settled(now_ns)
        ]
        try:
            with self._lock, self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows
                )
        except sqlite3.OperationalError:
            return False
        return True


def _key(one: Signature) -> tuple[int, int]:
    """Return device and inode as SQLite's signed 64 bits hold them."""
    return _signed(one.device), _signed(one.inode)


def _signed(number: int) -> int:
    number &= (1 << 64) - 1
    return number - (1 << 64) if number & _SIGN_BIT else number


def _open_somehow(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > _LARGEST_BYTES:
            path.unlink()
    except OSError:
        return _open(_MEMORY)
    try:
        return _open(path)
    except sqlite3.OperationalError:
        return _open(_MEMORY)
    except sqlite3.DatabaseError:  # no database, or a damaged one
        path.unlink()
        return _open(path)


def _open(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(
        path, timeout=_WAIT_SECONDS, check_same_thread=False, isolation_level="IMMEDIATE"
    )
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")  # lost, it is computed again
        database.execute(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database
