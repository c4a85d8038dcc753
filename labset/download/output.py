"""The folder that a download fills: nothing is written outside of it, and no name is half a file."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import stat
import sys
import threading
from pathlib import Path

from labset.errors import Conflict, LabsetError, Misused
from labset.local.file_locks import FileLock

HIDDEN = ".labset"
_PRESENCE = ".here"
_REPARSE = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
_RESERVE_BYTES = 16 * 1024 * 1024  # that a disk keeps free


class Output:
    """Gives out places below a folder. Links inside of it are not followed; the folder may be one.

    Raises, for every path: Misused, if it leads out; Conflict, if something else stands in its way.
    The root itself may be refused as well: Misused, where a file lies there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hidden = root / HIDDEN
        self._known: set[str] = set()
        self._lock = threading.Lock()
        self._mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._numbers = itertools.count()
        self._presence: FileLock | None = None
        self._settling = threading.Lock()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as problem:
            raise Misused(f"{root} is no folder, and a download fills one.") from problem

    def place(self, path: str) -> Path:
        """Return where a file comes to lie; its folders are there, and none of them is a link."""
        check_inside(path)
        folder, _, name = path.rpartition("/")
        self._open_folder(folder)
        return self._root / folder / name if folder else self._root / name

    def find(self, path: str) -> os.stat_result | None:
        """Return what is known of a file that lies at a path already; None, where there is none.

        Raises:  Conflict, if a folder lies there.
        """
        check_inside(path)
        if not self._has_folder(path.rpartition("/")[0]):
            return None
        try:
            status = os.lstat(self._root / path)
        except FileNotFoundError:
            return None
        if stat.S_ISDIR(status.st_mode):
            raise Conflict(f"{self._root / path} is a folder: move it away.", "in_the_way")
        return status if stat.S_ISREG(status.st_mode) else None

    def fresh(self) -> Path:
        """Return a name of nobody, from which a finished file can be moved to its own."""
        self._settle_in()
        return self._hidden / f"{self._mark}-{next(self._numbers)}"

    def unfinished(self, md5: str) -> Path:
        """Return the name under which parts of a large file gather, for whoever goes on."""
        self._settle_in()
        return self._hidden / f"{md5}.part"

    def check_room(self, size: int) -> None:
        """Refuse what does not fit on the disk. Units: bytes."""
        free = shutil.disk_usage(self._root).free
        if size + _RESERVE_BYTES > free:
            raise LabsetError(
                f"{self._root} has room for {free / 1e6:,.0f} MB, {size / 1e6:,.0f} MB are needed.",
                "disk_full",
            )

    def tidy(self) -> None:
        """Delete what killed processes left half written, and the hidden folder if it is empty."""
        if self._presence is not None:
            self._presence.release()
            self._presence = None
        for path in self._hidden.glob(f"*{_PRESENCE}"):
            gone = FileLock.take_if_free(path)
            if gone is not None:
                for half in self._hidden.glob(f"{path.stem}-*"):
                    half.unlink(missing_ok=True)
                gone.release()
        with contextlib.suppress(
            OSError
        ):  # somebody is at work, or there is something to go on with
            self._hidden.rmdir()

    def _settle_in(self) -> None:
        """Make the hidden folder, and show that somebody is at work in it."""
        with self._settling:
            while self._presence is None:
                self._open_folder(HIDDEN)
                try:
                    self._presence = FileLock.take_if_free(
                        self._hidden / f"{self._mark}{_PRESENCE}"
                    )
                except FileNotFoundError:  # another process has tidied up just now
                    with self._lock:
                        self._known.discard(HIDDEN)

    def _has_folder(self, folder: str) -> bool:
        if not folder or folder in self._known:
            return True
        is_there = self._has_folder(folder.rpartition("/")[0]) and self._is_folder(folder)
        if is_there:
            with self._lock:
                self._known.add(folder)
        return is_there

    def _open_folder(self, folder: str) -> None:
        """Make a folder, if it is not there."""
        if self._has_folder(folder):
            return
        self._open_folder(folder.rpartition("/")[0])
        try:
            (self._root / folder).mkdir(exist_ok=True)
        except FileExistsError as problem:
            raise _in_the_way(self._root / folder) from problem
        self._has_folder(folder)

    def _is_folder(self, folder: str) -> bool:
        """Raise Conflict, where something else stands."""
        path = self._root / folder
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return False
        is_link = getattr(status, "st_file_attributes", 0) & _REPARSE
        if not stat.S_ISDIR(status.st_mode) or is_link:
            raise _in_the_way(path)
        return True


def check_inside(path: str) -> None:
    """Refuse a path that could leave the folder. Raises Misused."""
    parts = path.split("/")
    odd = {"", ".", ".."}.intersection(parts) or "\0" in path or parts[0] == HIDDEN
    if odd or (sys.platform == "win32" and ("\\" in path or ":" in path)):
        raise Misused(f"The path {path!r} cannot be stored here.", "invalid_path", {"path": path})


def _in_the_way(path: Path) -> Conflict:
    what = "a link" if path.is_symlink() else "no folder"
    return Conflict(f"{path} is {what}: move it away, or choose another folder.", "in_the_way")
