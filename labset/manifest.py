"""What a revision holds: every file with its md5 and size, read row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, cast

from labset.errors import LabsetError
from labset.transport.dataset_wire import DatasetWire
from labset.transport.wire import BLOCK_BYTES, Answer


class Row(NamedTuple):
    """One file. Units: size in bytes."""

    path: str
    md5: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of one commit, in the server's order; `rows` can be read once."""

    commit: str
    rows: Iterator[Row]


@contextmanager
def open_manifest(wire: DatasetWire, ref: str | None, path: str = "") -> Iterator[Manifest]:
    """Give the files at `ref` (None: the default branch) at or below `path`.

    Raises:  NotFound with the code `ref_not_found` or `file_not_found`; LabsetError, where a file
             cannot be named: its pointer is broken.
    """
    params = {"format": "csv", **({"ref": ref} if ref else {}), **({"path": path} if path else {})}
    with wire.ask("GET", "manifest", params=params) as answer:
        text = io.TextIOWrapper(
            io.BufferedReader(_Readable(answer), BLOCK_BYTES), encoding="utf-8", newline=""
        )
        yield Manifest(answer.headers.get("X-Commit-Id", ""), _rows(text))


def _rows(text: io.TextIOWrapper) -> Iterator[Row]:
    lines = csv.reader(text)
    head = next(lines, ["path", "md5", "size"])
    at_path, at_md5, at_size = (head.index(name) for name in Row._fields)
    for line in lines:
        if not line[at_md5] or not line[at_size]:
            raise LabsetError(
                f"{line[at_path]} cannot be read: its pointer is broken.", "broken_pointer"
            )
        yield Row(line[at_path], line[at_md5], int(line[at_size]))


class _Readable(io.RawIOBase):
    """An answer as Python's own readers know it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, block: object) -> int:
        """Fill `block`."""
        return self._answer.readinto(cast("memoryview", block))
