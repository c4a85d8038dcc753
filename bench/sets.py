"""The sets of files that everybody gets: many small ones, some large ones, a huge one."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace
from pathlib import Path

_BLOCK_BYTES = 4 * 1024 * 1024
_PER_FOLDER = 500
_CHANGED_SHARE = 100  # one file of so many is changed, of it one byte of so many
_MANY = 100  # from so many files on, a smaller scale means fewer files, not smaller ones


@dataclass(frozen=True, slots=True)
class FileSet:
    """So many files of so many bytes, and how often the race is run by default."""

    name: str
    files: int
    file_bytes: int
    runs: int

    @property
    def title(self) -> str:
        """What it is, as people write it."""
        return f"{self.files:,} × {_size(self.file_bytes)}"

    @property
    def total_bytes(self) -> int:
        """All its bytes."""
        return self.files * self.file_bytes

    def scaled(self, scale: float) -> FileSet:
        """Return a smaller set of the same shape, to try the bench itself."""
        if self.files >= _MANY:
            return replace(self, files=max(2, round(self.files * scale)))
        return replace(self, file_bytes=max(1_000, round(self.file_bytes * scale)))

    def make(self, folder: Path) -> list[str]:
        """Fill a folder with random bytes; return the paths below it."""
        paths = [f"images/{index // _PER_FOLDER}/{index:06d}.bin" for index in range(self.files)]
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            _write_random(folder / path, self.file_bytes)
        return paths


SETS = {
    one.name: one
    for one in (
        FileSet("small", 2_000, 20_000, 3),
        FileSet("large", 20, 50_000_000, 1),
        FileSet("huge", 1, 2_000_000_000, 1),
    )
}


def make_many(folder: Path, files: int, least_bytes: int, most_bytes: int) -> int:
    """Fill a folder with small files of many sizes; return their bytes together."""
    chance = random.Random("many")
    total = 0
    for index in range(files):
        path = folder / f"{index // 1000:03d}" / f"{index:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = chance.randint(least_bytes, most_bytes)
        path.write_bytes(chance.randbytes(size))
        total += size
    return total


def change(tree: Path, paths: list[str]) -> list[str]:
    """Give 1 % of the files, at least one, a new first hundredth; return their paths.

    Each gets a new file under its name, as editors do, whatever link stood there.
    """
    chosen = paths[::_CHANGED_SHARE][: max(1, len(paths) // _CHANGED_SHARE)]
    for path in chosen:
        old = tree / path
        new = old.with_name(f"{old.name}.new")
        with old.open("rb") as source, new.open("wb") as target:
            while block := source.read(_BLOCK_BYTES):
                target.write(block)
            count = max(1, target.tell() // _CHANGED_SHARE)
            target.seek(0)
            target.write(os.urandom(count))
        new.replace(old)
    return chosen


def check_same(expected: Path, found: Path, paths: list[str]) -> None:
    """Compare every byte. Raises RuntimeError, naming the first file that differs."""
    for path in paths:
        if not _same(expected / path, found / path):
            raise RuntimeError(f"{path} did not come back as it was sent.")


def _same(one: Path, other: Path) -> bool:
    if not other.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while block := first.read(_BLOCK_BYTES):
            if block != second.read(_BLOCK_BYTES):
                return False
    return True


def _write_random(path: Path, size_bytes: int) -> None:
    with path.open("wb") as file:
        while (left := size_bytes - file.tell()) > 0:
            file.write(os.urandom(min(left, _BLOCK_BYTES)))


def _size(count: int) -> str:
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} B"
