"""How verified bytes get their name."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labset.download.output import Output
from labset.errors import Conflict, LabsetError
from labset.local.cache import LINKED_BYTES, Cache, md5_of
from labset.local.hash_cache import HashCache, Signature
from labset.manifest import Row

_LOG = logging.getLogger(__name__)
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Finisher:
    """Puts files at their places, remembers their md5, and keeps them in the cache.

    Raises, in every method: LabsetError with the code `disk_full`; Conflict, if something stands in the
    way. Then nothing lies under the file's name that was not there before.
    """

    output: Output
    cache: Cache | None
    hashes: HashCache

    def has(self, row: Row) -> bool:
        """Whether a file is there already and right."""
        status = self.output.find(row.path)
        if status is None or status.st_size != row.size:
            return False
        signature = Signature.of(status)
        known = self.hashes.find_one(signature)
        if known is None:
            with explained(row.path):
                known = md5_of(self.output.place(row.path))
            self.hashes.keep([(signature, known)])
        return known == row.md5

    def write(self, row: Row, data: bytes) -> Signature:
        """Write a small file; return its signature."""
        with self._placed(row) as fresh:
            opened = os.open(fresh, _NEW_FILE, 0o666)
            try:
                _write_all(opened, data)
                return Signature.of(os.fstat(opened))
            finally:
                os.close(opened)

    def keep(self, row: Row, data: bytes) -> None:
        """Keep a small file in the cache, if there is one."""
        if self.cache is not None:
            with _at_most_slower(row.path):
                self.cache.write(row.md5, data)

    def move(self, row: Row, source: Path) -> None:
        """Give a large file, which was verified, its name; keep it in the cache."""
        with explained(row.path):
            target = self.output.place(row.path)
            if self.cache is not None:
                with _at_most_slower(row.path):
                    self.cache.keep(row.md5, source, self.hashes)
            source.replace(target)
            self.hashes.keep([(Signature.of(target.stat()), row.md5)])

    def copy(self, row: Row, twin: Row) -> None:
        """Give a large file the bytes of its twin, which is there already."""
        with self._placed(row) as fresh:
            shutil.copyfile(self.output.place(twin.path), fresh)

    def take(self, row: Row) -> bool:
        """Take a file out of the cache; say whether it was there."""
        if self.cache is None:
            return False
        if row.size >= LINKED_BYTES:
            return self._take_large(self.cache, row)
        data = self.cache.read(row.md5, row.size)
        if data is None:
            return False
        self.hashes.keep([(self.write(row, data), row.md5)])
        return True

    def _take_large(self, cache: Cache, row: Row) -> bool:
        fresh = self.output.fresh()
        with explained(row.path):
            if not cache.link(row.md5, row.size, fresh, self.hashes):
                return False
            fresh.replace(self.output.place(row.path))
            return True

    @contextmanager
    def _placed(self, row: Row) -> Iterator[Path]:
        """Give a fresh name, whose file gets the row's name at the end."""
        target, fresh = self.output.place(row.path), self.output.fresh()
        with explained(row.path):
            try:
                yield fresh
                fresh.replace(target)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Say in words what the disk says by numbers."""
    try:
        yield
    except OSError as problem:
        if problem.errno in _FULL:
            raise LabsetError(
                f"The disk is full: {path} was not stored. Make room, then download again.",
                "disk_full",
                {"path": path},
            ) from problem
        if isinstance(problem, IsADirectoryError | PermissionError | NotADirectoryError):
            raise Conflict(
                f"{path} cannot be written: {problem.strerror}.", "in_the_way", {"path": path}
            ) from problem
        raise LabsetError(f"{path} cannot be written: {problem}.", "not_written") from problem


@contextmanager
def _at_most_slower(path: str) -> Iterator[None]:
    """Go on where the cache keeps nothing: its disk is full, say, or may not be written."""
    try:
        yield
    except OSError as problem:
        _LOG.info("the cache does not keep %s: %s", path, problem)


def _write_all(opened: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(opened, view) :]
