"""Get the file of an asset: continued where it broke off, verified before it gets its name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from labset.assets.digests import Digests
from labset.assets.model import Asset, Fetched
from labset.assets.source import AssetSource
from labset.download.finishing import explained
from labset.errors import Conflict, LabsetError, Misused, Unreachable
from labset.local.file_locks import locked_if_free
from labset.local.part_beside import PartBeside
from labset.transport.connection import Connection
from labset.transport.patience import Patience
from labset.transport.wire import BLOCK_BYTES, Answer
from labset.watch import Watch

_NAME_BYTES = 200
_RESERVE_BYTES = 16 * 1024 * 1024  # that a disk keeps free


def fetch(connection: Connection, asset: Asset, output: Path | None, watch: Watch) -> Fetched:
    """Put the file of an asset at `output`: a name, or a folder; None: the folder one is in.

    What an earlier call left in `<output>.part` is continued. Under a name that the asset chose itself
    nothing is replaced.

    Raises:  Damaged, for bytes that are not what was told: nothing lies under the name then;
             Conflict, if something is in the way, or another process gets the same.
    """
    goal, is_chosen = _goal(asset, output)
    digests = Digests(asset)
    if _is_there(goal, digests):
        return Fetched(goal, digests.size, digests.names, unchanged=True)
    if goal.exists() and not is_chosen:
        raise Conflict(f"{goal} is there already: say --output to replace it.", "in_the_way")
    with explained(str(goal)):
        goal.parent.mkdir(parents=True, exist_ok=True)
        with locked_if_free(goal.with_name(f".{goal.name}.lock")) as is_mine:
            if not is_mine:
                raise Conflict(f"Another process gets {goal} just now.", "in_the_way")
            return _Fetching(connection, asset, goal, watch).run(digests)


def copy(connection: Connection, asset: Asset, target: BinaryIO, watch: Watch) -> Fetched:
    """Write the file of an asset to an open stream, continued where it breaks off.

    Raises:  Damaged at the end, when the bytes are out already.
    """
    digests = Digests(asset)
    source = AssetSource(connection, asset)
    try:
        watch.begin("Downloading", 1, asset.size or 0)
        _pour(source, _Sink(target.write, digests, None), watch)
        watch.end()
    finally:
        source.close()
    digests.check()
    return Fetched(Path("-"), digests.size, digests.names)


@dataclass
class _Sink:
    """Where bytes go; `restart` begins anew, None where what is out is out."""

    write: Callable[[memoryview], object]
    digests: Digests
    restart: Callable[[], object] | None
    remember: Callable[[str], object] = lambda _: None
    etag: str = ""

    @property
    def position(self) -> int:
        """How many bytes there are."""
        return self.digests.size

    def take(self, block: memoryview) -> None:
        """Add bytes."""
        view = block
        while view:
            count = self.write(view)
            view = view[count if isinstance(count, int) else len(view) :]
        self.digests.add(block)


class _Fetching:
    """One file on its way to its name."""

    def __init__(self, connection: Connection, asset: Asset, goal: Path, watch: Watch) -> None:
        self._source = AssetSource(connection, asset)
        self._asset = asset
        self._goal = goal
        self._part = PartBeside(goal)
        self._watch = watch

    def run(self, digests: Digests) -> Fetched:
        """Return what is there now; wrong bytes are tried once more, if a part of them was here."""
        self._check_room()
        self._watch.begin("Downloading", 1, self._asset.size or 0)
        try:
            if self._bring(digests) and not digests.is_right():
                self._watch.say(f"{self._goal} did not arrive right: once more.")
                self._watch.advance(0, -digests.size)
                self._part.forget()
                self._bring(digests)
            if not digests.is_right():
                self._part.forget()
                digests.check()
            size = self._part.finish()
        finally:
            self._source.close()
        self._watch.advance(1)
        self._watch.end()
        return Fetched(self._goal, size, digests.names)

    def _bring(self, digests: Digests) -> bool:
        """Bring what is missing; say whether there was a part already."""
        digests.begin()
        mark = self._part.mark()
        is_known = bool(digests.mark) and mark == digests.mark
        held = self._part.held_bytes() if is_known or mark.startswith("etag:") else 0
        held = held if self._asset.size is None or held <= self._asset.size else 0
        if held:
            digests.add_file(self._part.path)
            self._watch.advance(0, held)
        with self._part.path.open("ab" if held else "wb", buffering=0) as file:

            def restart() -> None:
                self._watch.advance(0, -digests.size)
                file.truncate(0)
                file.seek(0)
                digests.begin()

            etag = mark.removeprefix("etag:") if held and not is_known else ""
            sink = _Sink(file.write, digests, restart, self._remember(digests), etag)
            if self._asset.size is None or digests.size < self._asset.size or not held:
                _pour(self._source, sink, self._watch)
        return bool(held)

    def _remember(self, digests: Digests) -> Callable[[str], object]:
        """Return what notes which file a part belongs to: by its digest, else by the server's ETag."""

        def remember(etag: str) -> None:
            self._part.remember(digests.mark or (f"etag:{etag}" if etag else ""))

        return remember

    def _check_room(self) -> None:
        missing = (self._asset.size or 0) - self._part.held_bytes()
        free = shutil.disk_usage(self._goal.parent).free
        if missing + _RESERVE_BYTES > free:
            raise LabsetError(
                f"{self._goal.parent} has room for {free / 1e6:,.0f} MB, "
                f"{missing / 1e6:,.0f} MB are needed.",
                "disk_full",
            )


def _pour(source: AssetSource, sink: _Sink, watch: Watch) -> None:
    """Bring all bytes from where the sink is. Raises Unreachable, when patience ends."""
    patience = Patience()
    while True:
        before = sink.position
        try:
            with source.open(before, sink.etag) as answer:
                _read(answer, sink, watch)
        except Unreachable as problem:
            if sink.position > before:
                patience.moved()
            patience.wait(problem)
        except Misused as problem:  # 416: what is here is longer than what is there
            if not before or sink.restart is None:
                raise LabsetError(problem.message, problem.code) from problem
            sink.restart()
        else:
            return


def _read(answer: Answer, sink: _Sink, watch: Watch) -> None:
    etag = answer.headers.get("ETag", "")
    skipped = _skipped(answer, sink, etag)
    sink.etag = "" if etag.startswith("W/") else etag
    sink.remember(sink.etag)
    block = memoryview(bytearray(BLOCK_BYTES))
    while count := answer.readinto(block):
        fresh = block[min(skipped, count) : count]
        skipped -= count - len(fresh)
        sink.take(fresh)
        watch.advance(0, len(fresh))


def _skipped(answer: Answer, sink: _Sink, etag: str) -> int:
    """Return how many bytes of an answer are here already."""
    if not sink.position:
        return 0
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        told = answer.headers.get("Content-Range", "")
        if told.startswith(f"bytes {sink.position}-"):
            return 0
        raise LabsetError(f"The server sent other bytes than were asked for ({told}).", "no_bytes")
    if sink.restart is not None:
        sink.restart()
        return 0
    if not sink.digests.mark and (not etag or etag != sink.etag):
        raise Conflict("The file changed while it was downloaded: try again.", "changed")
    return sink.position


def _goal(asset: Asset, output: Path | None) -> tuple[Path, bool]:
    """Return where the file goes, and whether the caller chose that name."""
    if output is not None and not output.is_dir():
        return output, True
    return (output or Path()) / file_name(asset), False


def file_name(asset: Asset) -> str:
    """Return what the file is called here: what was told, no folder, not hidden; or what the asset is called."""
    told = asset.file_info.get("file_name")
    for name in (told if isinstance(told, str) else "", asset.name, asset.id):
        last = name.replace("\\", "/").rpartition("/")[2]
        plain = "".join(one for one in last if one.isprintable()).strip().lstrip(".")
        if plain:
            return _fitting(plain)
    return "asset"


def _fitting(name: str) -> str:
    """Return a name short enough for a disk, also as `.<name>.part.json`; its suffix stays."""
    stem, suffix = Path(name).stem, Path(name).suffix
    while len(f"{stem}{suffix}".encode()) > _NAME_BYTES:
        stem, suffix = (stem[:-1], suffix) if stem else ("", suffix[:-1])
    return stem + suffix


def _is_there(goal: Path, digests: Digests) -> bool:
    """Whether the file is here already; only where a digest was told."""
    if not digests.names or not goal.is_file():
        return False
    digests.begin()
    digests.add_file(goal)
    return digests.is_right()
