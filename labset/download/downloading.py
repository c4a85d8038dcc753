"""Download files of a revision, each one verified before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from labset.download.finishing import Finisher
from labset.download.large import LargeFiles
from labset.download.output import Output
from labset.download.selection import Wanted, parse_wanted, select
from labset.download.small import SmallFiles
from labset.errors import Damaged, NotFound
from labset.local.cache import Cache
from labset.local.hash_cache import HashCache
from labset.local.kept_folders import state_folder
from labset.manifest import Row, open_manifest
from labset.transport.connection import Connection
from labset.transport.crew import Crew
from labset.transport.dataset_wire import DatasetWire
from labset.watch import Watch

SMALL_BYTES = 1024 * 1024  # below: many in one stream
_THREADS = 4
_GROUP_FILES = 2_000
_GROUP_BYTES = 64 * 1024 * 1024
_CHECKED_AT_ONCE = 256
_ASKED_ALONE = 8  # so few paths are looked up one by one, without the whole manifest
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download came to: `files` and `bytes` are all that was wanted and is there now.

    `from_cache` of these files came out of the cache, `unchanged` were there already.
    """

    commit: str
    files: int
    bytes: int
    from_cache: int
    unchanged: int = 0


def download(
    connection: Connection,
    dataset_id: int,
    *,
    ref: str | None = None,
    wanted: Sequence[str] = (),
    output: Path,
    cache: Cache | None = None,
    watch: Watch | None = None,
) -> Downloaded:
    """Put what is wanted of one revision (nothing named: everything) below the folder `output`.

    The ref is pinned to its commit first. What is there and right stays, what another process left
    unfinished is continued, what is there and differs is replaced.
    Raises:  NotFound, for what the revision does not hold; Damaged, naming files whose bytes are missing
             or wrong at the site (all others are there then); Conflict, if something stands in the way;
             LabsetError with the code `disk_full`.
    """
    told = watch or Watch()
    wire = DatasetWire(connection, dataset_id)
    try:
        commit, rows = _pin(wire, ref, parse_wanted(wanted))
        with HashCache(state_folder() / "hashes.sqlite") as hashes:
            place = Output(output)
            work = _Download(wire, commit, Finisher(place, cache, hashes), told)
            try:
                return work.run(rows)
            finally:
                place.tidy()
    finally:
        wire.close()


def _pin(wire: DatasetWire, ref: str | None, wanted: Sequence[Wanted]) -> tuple[str, list[Row]]:
    """Return the commit that a ref names now, and the rows that are wanted."""
    plain = bool(wanted) and all(one.is_plain for one in wanted)
    if plain and len(wanted) <= _ASKED_ALONE:
        try:
            return _pin_alone(wire, ref, wanted)
        except NotFound as problem:
            if problem.code != "file_not_found":
                raise
            ref = str(problem.details.get("commit") or "") or ref
    with open_manifest(wire, ref) as manifest:
        return manifest.commit, select(manifest.rows, wanted)


def _pin_alone(
    wire: DatasetWire, ref: str | None, wanted: Sequence[Wanted]
) -> tuple[str, list[Row]]:
    """Look up paths one by one. Raises NotFound: one of them may be a bare file name."""
    rows: dict[str, Row] = {}
    for one in wanted:
        with open_manifest(wire, ref, one.path) as manifest:
            ref = manifest.commit
            rows.update((row.path, row) for row in select(manifest.rows, [one]))
    return ref or "", list(rows.values())


class _Download:
    """Fetches rows of one commit."""

    def __init__(self, wire: DatasetWire, commit: str, finisher: Finisher, watch: Watch) -> None:
        self._wire = wire
        self._commit = commit
        self._finisher = finisher
        self._watch = watch

    def run(self, rows: Sequence[Row]) -> Downloaded:
        """Return what was done."""
        missing = self._missing(rows)
        unchanged = len(rows) - len(missing)
        from_cache = 0
        if missing:
            self._watch.begin("Downloading", len(missing), sum(row.size for row in missing))
            uncached = self._uncached(missing)
            from_cache = len(missing) - len(uncached)
            self._fetch(uncached)
            self._watch.end()
        size = sum(row.size for row in rows)
        return Downloaded(self._commit, len(rows), size, from_cache, unchanged)

    def _missing(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows whose files are not there, or not right."""
        right: set[str] = set()

        def check(some: Sequence[Row]) -> None:
            right.update(row.path for row in some if self._finisher.has(row))

        Crew(_THREADS).run(check, _groups(rows, _CHECKED_AT_ONCE, _GROUP_BYTES))
        return [row for row in rows if row.path not in right]

    def _uncached(self, rows: Sequence[Row]) -> list[Row]:
        """Take what the cache holds; return the rest."""
        if self._finisher.cache is None:
            return list(rows)
        taken: set[str] = set()

        def take(some: Sequence[Row]) -> None:
            for row in some:
                if self._finisher.take(row):
                    taken.add(row.path)
                    self._watch.advance(1, row.size)

        Crew(_THREADS).run(take, _groups(rows, _CHECKED_AT_ONCE, _GROUP_BYTES))
        return [row for row in rows if row.path not in taken]

    def _fetch(self, rows: Sequence[Row]) -> None:
        """Raise Damaged at the end, naming what is missing or wrong at the site."""
        self._finisher.output.check_room(sum(row.size for row in rows))
        crew = Crew(_THREADS)
        place = (self._wire, self._commit, self._finisher, self._watch, crew)
        small, large = SmallFiles(*place), LargeFiles(*place)
        few = [row for row in rows if row.size < SMALL_BYTES]
        rest = sorted((row for row in rows if row.size >= SMALL_BYTES), key=lambda row: -row.size)

        def tasks() -> Iterator[Callable[[], None]]:
            each = max(1, sum(row.size for row in few) // _THREADS + 1)
            files = max(1, len(few) // _THREADS + 1)
            for group in _groups(few, min(files, _GROUP_FILES), min(each, _GROUP_BYTES)):
                yield partial(small.fetch, group)
            for task in large.tasks(rest):
                yield partial(large.fetch, task)

        crew.run(lambda task: task(), tasks())
        _check_damaged(small.damaged | large.damaged)


def _groups(rows: Sequence[Row], most_files: int, most_bytes: int) -> Iterator[list[Row]]:
    group: list[Row] = []
    size = 0
    for row in rows:
        if group and (len(group) >= most_files or size + row.size > most_bytes):
            yield group
            group, size = [], 0
        group.append(row)
        size += row.size
    if group:
        yield group


def _check_damaged(damaged: dict[str, str]) -> None:
    if not damaged:
        return
    (path, why), *others = damaged.items()
    more = f" So it is with {len(others)} more." if others else ""
    raise Damaged(
        f"{why}{more} All other files are there. Whoever has the right bytes sends them again: "
        "`labset upload --repair`.",
        details={"path": path, "paths": list(damaged)},
    )
