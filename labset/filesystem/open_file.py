"""One file that is open for reading, and files that are copied to this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from fsspec.spec import AbstractBufferedFile

from labset.errors import LabsetError
from labset.filesystem.content import Content, Write
from labset.filesystem.os_errors import os_error
from labset.filesystem.place import Place, place_text
from labset.filesystem.read_ahead import ReadAhead

BLOCK_BYTES = 8 * 1024 * 1024
_LINE_BYTES = 8 * 1024  # looked through at once for the end of a line


class LabsetFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec ships no types
    """A file at one commit, whatever its branch does meanwhile; copies in other processes read the same.

    A file of up to 256 kB comes whole and is verified by its md5; of parts of larger ones nobody can tell.
    """

    def __init__(
        self,
        fs: Any,  # noqa: ANN401 - fsspec ships no types
        info: Mapping[str, Any],
        content: Content,
        block_size: int | None = None,
        cache_options: Mapping[str, object] | None = None,
        cache_type: str = ReadAhead.name,
        **options: Any,  # noqa: ANN401 - fsspec's
    ) -> None:
        self.content = content
        super().__init__(
            fs,
            info["name"],
            "rb",
            block_size or BLOCK_BYTES,
            cache_type=cache_type,
            cache_options=dict(cache_options or {}),
            size=content.row.size,
            **options,
        )
        self.details = dict(info)

    @property
    def pinned(self) -> str:
        """The same path at the commit that is open."""
        place = Place.parse(self.path)
        return place_text(place.dataset_id, place.path, self.content.commit)

    def __reduce__(self) -> tuple[Callable[..., LabsetFile], tuple[object, ...]]:
        cache_type = self.cache.name if self.cache else ReadAhead.name
        return _reopened, (self.fs, self.pinned, self.blocksize, cache_type, self.loc)

    def readline(self, size: int | None = -1) -> bytes:
        """Return up to the end of the line, or `size` bytes."""
        start = self.tell()
        line: bytes = self.readuntil(b"\n", _LINE_BYTES)
        if size is None or not 0 <= size < len(line):
            return line
        self.seek(start + size)
        return line[:size]

    def _fetch_range(self, start: int, end: int) -> bytearray:
        if self.content.pid != os.getpid():  # sockets stay in the parent
            self.content = self.fs.reopen(self.pinned)
        try:
            return self.content.read(start, end)
        except LabsetError as problem:
            raise os_error(problem, self.path) from problem


def _reopened(fs: Any, path: str, block_size: int, cache_type: str, position: int) -> LabsetFile:  # noqa: ANN401 - fsspec ships no types
    file = cast("LabsetFile", fs.open(path, "rb", block_size=block_size, cache_type=cache_type))
    file.seek(position)
    return file


def save(content: Content, target: Path, advance: Callable[[int], object]) -> None:
    """Write a file, which gets its name when it is whole and right; folders are made.

    Raises:  Damaged, and nothing lies under the name then; OSError, where this machine has no room.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            content.pour(counted(file.write, advance))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def counted(write: Write, advance: Callable[[int], object]) -> Write:
    """Return `write`, which also tells how many bytes were written."""

    def write_and_tell(block: bytes) -> None:
        write(block)
        advance(len(block))

    return write_and_tell
