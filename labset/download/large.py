"""Large files: their segments by several connections at once, continued where a process ended."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from labset.download.finishing import Finisher, explained
from labset.download.part_file import PartFile, Segment
from labset.download.source import Source
from labset.errors import Damaged, Unreachable
from labset.local.file_locks import FileLock
from labset.manifest import Row
from labset.transport.crew import Crew
from labset.transport.dataset_wire import DatasetWire
from labset.transport.patience import Patience
from labset.transport.reach import Reach
from labset.transport.wire import BLOCK_BYTES
from labset.watch import Watch


@dataclass(eq=False)
class _Arriving:
    """One file on its way; `rows` have the same bytes, `left` segments are still to come."""

    rows: Sequence[Row]
    part: PartFile
    source: Source
    locks: Sequence[FileLock]
    left: int
    problem: Damaged | None = None
    counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def row(self) -> Row:
        """The row whose path stands for all."""
        return self.rows[0]

    def is_last(self) -> bool:
        """Count one segment; say whether it was the last."""
        with self.counting:
            self.left -= 1
            return not self.left


Task = tuple[_Arriving, int]


class LargeFiles:
    """Fetches files of one commit that are too large for an archive.

    What is wrong with files stands in `damaged` afterwards, by their paths.
    """

    def __init__(
        self, wire: DatasetWire, commit: str, finisher: Finisher, watch: Watch, crew: Crew
    ) -> None:
        self._wire = wire
        self._commit = commit
        self._finisher = finisher
        self._watch = watch
        self._crew = crew
        self._reach = Reach(wire)
        self.damaged: dict[str, str] = {}

    def tasks(self, rows: Iterable[Row]) -> Iterator[Task]:
        """Yield the segments to fetch, file by file.

        Files that another process fetches come last: it may put them into the cache meanwhile.
        """
        by_md5: dict[str, list[Row]] = {}
        for row in rows:
            by_md5.setdefault(row.md5, []).append(row)
        held: list[list[Row]] = []
        for group in by_md5.values():
            locks = self._lock(group[0].md5, wait=False)
            if locks:
                yield from self._begin(group, locks)
            else:
                held.append(group)
        for group in held:
            yield from self._begin(group, self._lock(group[0].md5, wait=True), waited=True)

    def fetch(self, task: Task) -> None:
        """Fetch one segment; with the last one, the file gets its name.

        Raises:  Unreachable; what the server refuses; LabsetError with the code `disk_full`.
        """
        arriving, number = task
        if arriving.problem is None:
            try:
                self._fetch_segment(arriving, number)
            except Damaged as problem:
                arriving.problem = problem
        if arriving.is_last():
            self._finish(arriving)

    def _lock(self, md5: str, *, wait: bool) -> list[FileLock]:
        """Return the locks of all who could fetch these bytes to the same place; none, if one is held."""
        cache = self._finisher.cache
        paths = [cache.lock_path(md5)] if cache else []
        paths.append(self._finisher.output.unfinished(md5).with_suffix(".lock"))
        locks: list[FileLock] = []
        for path in paths:
            lock = FileLock.take(path) if wait else FileLock.take_if_free(path)
            if lock is None:
                _release(locks)
                return []
            locks.append(lock)
        return locks

    def _begin(
        self, rows: Sequence[Row], locks: Sequence[FileLock], *, waited: bool = False
    ) -> Iterator[Task]:
        """Yield the missing segments of a file; none, where another process has brought it."""
        row = rows[0]
        if waited and self._finisher.has(row):
            self._settle(rows, locks)
            return
        if waited and self._finisher.take(row):
            self._settle(rows, locks)
            return
        with explained(row.path):
            part = PartFile(self._finisher.output.unfinished(row.md5), row)
        self._watch.advance(0, part.arrived)
        missing = part.missing() or [part.count - 1]
        source = Source(self._wire, self._commit, row, self._reach, self._watch.say)
        arriving = _Arriving(rows, part, source, locks, len(missing))
        for number in missing:
            yield arriving, number

    def _settle(self, rows: Sequence[Row], locks: Sequence[FileLock]) -> None:
        self._watch.advance(1, rows[0].size)
        self._copy_twins(rows)
        _release(locks)

    def _fetch_segment(self, arriving: _Arriving, number: int) -> None:
        with explained(arriving.row.path), closing(arriving.part.open_segment(number)) as segment:
            patience = Patience()
            while segment.position < segment.end:
                before = segment.position
                try:
                    self._read(arriving.source, segment)
                except Unreachable as problem:
                    if segment.position > before:
                        patience.moved()
                    patience.wait(problem)
        arriving.part.hash_on(wait=False)

    def _read(self, source: Source, segment: Segment) -> None:
        block = memoryview(bytearray(min(BLOCK_BYTES, segment.end - segment.position)))
        with source.open(segment.position, segment.end) as answer:
            while segment.position < segment.end:
                self._crew.check()
                count = answer.readinto(block[: segment.end - segment.position])
                if not count:
                    raise Unreachable("The stream ended too early.")
                segment.write(block[:count])
                self._watch.advance(0, count)

    def _finish(self, arriving: _Arriving) -> None:
        part, row = arriving.part, arriving.row
        try:
            if arriving.problem is None and not part.is_right():
                arriving.problem = self._again(arriving)
            if arriving.problem is not None:
                part.forget()
                for one in arriving.rows:
                    self.damaged[one.path] = f"{one.path}: {arriving.problem}"
                return
            self._finisher.move(row, part.path)
            part.forget(keep_bytes=True)
            self._watch.advance(1)
            self._copy_twins(arriving.rows)
        finally:
            _release(arriving.locks)

    def _again(self, arriving: _Arriving) -> Damaged | None:
        """Fetch all of a file once more, whose bytes were wrong; say what is wrong still."""
        row = arriving.row
        self._watch.say(f"{row.path} did not arrive right: once more.")
        self._watch.advance(0, -row.size)
        arriving.part.forget()
        with explained(row.path):
            arriving.part = PartFile(arriving.part.path, row)
        try:
            for number in range(arriving.part.count):
                self._fetch_segment(arriving, number)
        except Damaged as problem:
            return problem
        if arriving.part.is_right():
            return None
        return Damaged("The bytes at the storage site are not what its md5 says.")

    def _copy_twins(self, rows: Sequence[Row]) -> None:
        for twin in rows[1:]:
            self._finisher.copy(twin, rows[0])
            self._watch.advance(1, twin.size)


def _release(locks: Iterable[FileLock]) -> None:
    for lock in locks:
        lock.release()
