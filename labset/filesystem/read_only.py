"""A file system of fsspec that refuses every change in words."""

from __future__ import annotations

from typing import NoReturn

from fsspec.spec import AbstractFileSystem

from labset.filesystem.os_errors import read_only


class ReadOnlyFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """What changes something raises OSError with the number EROFS, and says how to change it instead."""

    def mkdir(self, path: str, create_parents: bool = True, **_: object) -> NoReturn:  # noqa: FBT001, FBT002, ARG002 - fsspec's
        """Refuse: folders come with their files."""
        raise read_only(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - fsspec's
        """Refuse, unless the folder is there and may be."""
        if not (exist_ok and self.isdir(path)):
            raise read_only(path)

    def rmdir(self, path: str) -> NoReturn:
        """Refuse."""
        raise read_only(path)

    def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> NoReturn:  # noqa: FBT001, FBT002, ARG002 - fsspec's
        """Refuse."""
        raise read_only(path)

    def rm_file(self, path: str) -> NoReturn:
        """Refuse."""
        raise read_only(path)

    def mv(self, path1: str, path2: str, **_: object) -> NoReturn:  # noqa: ARG002 - fsspec's
        """Refuse."""
        raise read_only(path1)

    def cp_file(self, path1: str, path2: str, **_: object) -> NoReturn:  # noqa: ARG002 - fsspec's
        """Refuse."""
        raise read_only(path2)

    def put_file(self, lpath: str, rpath: str, **_: object) -> NoReturn:  # noqa: ARG002 - fsspec's
        """Refuse."""
        raise read_only(rpath)

    def pipe_file(self, path: str, value: bytes, **_: object) -> NoReturn:  # noqa: ARG002 - fsspec's
        """Refuse."""
        raise read_only(path)

    def touch(self, path: str, truncate: bool = True, **_: object) -> NoReturn:  # noqa: FBT001, FBT002, ARG002 - fsspec's
        """Refuse."""
        raise read_only(path)
