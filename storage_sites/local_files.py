"""Files of a local site while they are read or written, by their descriptors."""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import Final, Self

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_RDWR | os.O_CLOEXEC
_PIECE_BYTES: Final = 256 * 1024  # as it is sent: a larger one would be cut, which copies
_MODE: Final = 0o444  # objects are never written over


class OpenFile:
    """A regular file that is being read: its size, and its bytes as an iterator.

    Closed at its end, by `close`, or when nobody holds it any more.
    """

    def __init__(self, folder: int, name: str) -> None:
        self._descriptor: int | None = os.open(name, _READ, dir_fd=folder)
        told = os.fstat(self._descriptor)
        if not stat.S_ISREG(told.st_mode):
            self.close()
            raise FileNotFoundError(name)
        self.size_bytes = told.st_size

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        chunk = b"" if self._descriptor is None else os.read(self._descriptor, _PIECE_BYTES)
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def read_at(self, first: int, length_bytes: int) -> bytes:
        """Return bytes from a position, fewer at the end of the file."""
        parts: list[bytes] = []
        while length_bytes and self._descriptor is not None:
            part = os.pread(self._descriptor, length_bytes, first)
            if not part:
                break
            parts.append(part)
            first += len(part)
            length_bytes -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = getattr(self, "_descriptor", None), None
        if descriptor is not None:
            os.close(descriptor)


class NamelessFile:
    """A file that has no name until it is whole: a crash leaves nothing of it (Linux only)."""

    def __init__(self, folder: int) -> None:
        self._descriptor = os.open(".", _WRITE | os.O_TMPFILE, _MODE, dir_fd=folder)

    def write(self, data: bytes) -> None:
        """Append."""
        write_all(self._descriptor, data)

    def link(self, folder: int, name: str) -> None:
        """Put it on the disk, then give it a name. Raises FileExistsError."""
        os.fsync(self._descriptor)
        os.link(f"/proc/self/fd/{self._descriptor}", name, dst_dir_fd=folder, follow_symlinks=True)

    def close(self) -> None:
        """Let go of it; without a name it is gone."""
        os.close(self._descriptor)


class NamedFile:
    """The same where the file system knows no nameless files: it has a name of its own meanwhile."""

    def __init__(self, folder: int, name: str) -> None:
        self._folder = os.dup(folder)
        self._name = name
        self._descriptor = os.open(
            name, _WRITE | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE, dir_fd=folder
        )

    def write(self, data: bytes) -> None:
        """Append."""
        write_all(self._descriptor, data)

    def link(self, folder: int, name: str) -> None:
        """Put it on the disk, then give it its second name. Raises FileExistsError."""
        os.fsync(self._descriptor)
        os.link(self._name, name, src_dir_fd=self._folder, dst_dir_fd=folder, follow_symlinks=False)

    def close(self) -> None:
        """Let go of it and of its first name."""
        os.close(self._descriptor)
        try:
            os.unlink(self._name, dir_fd=self._folder)
        except FileNotFoundError:
            pass
        finally:
            os.close(self._folder)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
