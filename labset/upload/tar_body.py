"""A batch of small files as a tar stream of known length."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator, Sequence

from labset.transport.wire import Pieces
from labset.upload.hashing import changed, check_unchanged, open_unchanged
from labset.upload.planning import Hashed

_PIECE_BYTES = 256 * 1024
_END = bytes(2 * tarfile.BLOCKSIZE)


def tar_of(files: Sequence[Hashed], check: Callable[[], object]) -> Pieces:
    """Return the body; reading it raises Conflict (`changed`) for a file that is not as announced.

    `check` is called for each file and may raise, to end the work.
    """
    heads = [_header(one) for one in files]
    sizes = (one.file.size + _padding(one.file.size) for one in files)
    size = sum(map(len, heads)) + sum(sizes) + len(_END)
    return Pieces(size, lambda: _joined(_members(files, heads, check)))


def _members(
    files: Sequence[Hashed], heads: Sequence[bytes], check: Callable[[], object]
) -> Iterator[bytes]:
    for one, head in zip(files, heads, strict=True):
        check()
        yield head
        yield _read(one)
        yield bytes(_padding(one.file.size))
    yield _END


def _read(one: Hashed) -> bytes:
    opened = open_unchanged(one.file)
    try:
        data = os.read(opened, one.file.size + 1)
        while 0 < len(data) < one.file.size and (more := os.read(opened, one.file.size)):
            data += more
        check_unchanged(one.file, os.fstat(opened))
    finally:
        os.close(opened)
    if len(data) != one.file.size:
        raise changed(one.file)
    return data


def _header(one: Hashed) -> bytes:
    info = tarfile.TarInfo(one.file.path)
    info.size = one.file.size
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padding(size: int) -> int:
    return -size % tarfile.BLOCKSIZE


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in fewer pieces: each costs a call of the system."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)
