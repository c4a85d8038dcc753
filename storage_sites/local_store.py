"""A folder of the server as a `Store`: temporary file, fsync, link, fsync of the folder."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.model.storage import BLOCK_BYTES, Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake
from storage_sites.keys import new_staging_key, object_key
from storage_sites.local_files import NamedFile, NamelessFile, OpenFile
from storage_sites.local_folder import entered, telling
from storage_sites.site_threads import SiteThreads
from storage_sites.store import Found, Opened, Tags

WORKERS: Final = 8
_UNSUPPORTED: Final = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT}


class LocalStore:
    """Keys are paths below the site's folder, which `find_root` looks up at every call."""

    def __init__(self, name: str, find_root: Callable[[], Path], staging: StagingRecords) -> None:
        self.tags = Tags.OTHER  # a folder computes none
        self._name = name
        self._pool = SiteThreads(WORKERS, thread_name_prefix="local-site")
        self._find_root = find_root
        self._staging = staging
        self._has_nameless = hasattr(os, "O_TMPFILE")

    @property
    def name(self) -> str:
        """The site's name."""
        return self._name

    @property
    def pool(self) -> Executor:
        """Threads of this site alone."""
        return self._pool

    def in_pool(self) -> LocalStore:
        """Return itself: there is nothing to count."""
        return self

    def find(self, key: str) -> Found | None:
        """Return what is at `key`."""
        with (
            telling(self.name),
            suppress(FileNotFoundError),
            self.folder_of(key) as (folder, name),
        ):
            told = os.stat(name, dir_fd=folder, follow_symlinks=False)
            return Found(told.st_size) if stat.S_ISREG(told.st_mode) else None
        return None

    def find_many(self, keys: Sequence[str]) -> Mapping[str, Found]:
        """Return those that are there."""
        asked = ((key, self.find(key)) for key in keys)
        return {key: found for key, found in asked if found is not None}

    def open(self, key: str, size_bytes: int | None, whole_bytes: int) -> Opened | None:
        """Begin to read `key`."""
        with (
            telling(self.name),
            suppress(FileNotFoundError),
            self.folder_of(key) as (folder, name),
        ):
            file = OpenFile(folder, name)
            if size_bytes not in {None, file.size_bytes}:
                file.close()
                return Opened(file.size_bytes, None, iter(()))
            if file.size_bytes > whole_bytes:
                return Opened(file.size_bytes, None, self._stream(file))
            with file:
                return Opened(file.size_bytes, file.read_at(0, file.size_bytes), iter(()))
        return None

    def read_range(self, key: str, first: int, length_bytes: int) -> bytes | None:
        """Return some bytes of a key, fewer if it is too short; None where there is no such key."""
        with (
            telling(self.name),
            suppress(FileNotFoundError),
            self.folder_of(key) as (folder, name),
        ):
            file = OpenFile(folder, name)
            with file:
                return file.read_at(first, length_bytes)
        return None

    def put(self, placement: Placement, intake: Intake, slot: str | None = None) -> StoredObject:
        """Store what comes in; it has a name only once it is whole, right and on the disk.

        A name costs nothing here, so that no slot is needed.
        """
        del slot
        with self._temporary(placement) as temporary:
            while not intake.ended:
                piece = intake.take(BLOCK_BYTES)
                with telling(self.name):
                    temporary.write(piece)
            stored = intake.finish()
            with telling(self.name):
                return replace(stored, was_there=self._give_name(placement, temporary, stored))

    def create(self, placement: Placement, name: str, data: bytes) -> bool:
        """Write a small file that is no object into the placement, unless there is one."""
        key = f"{placement.prefix}/{name}"
        with self._temporary(placement) as temporary, telling(self.name):
            temporary.write(data)
            with self.folder_of(key, create=True) as (folder, file_name):
                try:
                    temporary.link(folder, file_name)
                except FileExistsError:
                    return False
                os.fsync(folder)
        return True

    def remove(self, keys: Sequence[str]) -> None:
        """Remove keys; absent ones are fine."""
        for key in keys:
            with telling(self.name), suppress(FileNotFoundError):
                self._remove(key)

    def list_folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly below `prefix`."""
        segments = prefix.split("/") if prefix else []
        with (
            telling(self.name),
            suppress(FileNotFoundError),
            entered(self._find_root(), segments) as folder,
            os.scandir(folder) as entries,
        ):
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return []

    def remove_folder(self, name: str) -> None:
        """Remove a folder directly below the site's, with all that is in it."""
        with (
            telling(self.name),
            suppress(FileNotFoundError),
            entered(self._find_root(), []) as root,
        ):
            shutil.rmtree(name, dir_fd=root)

    def abort_upload(self, key: str, multipart_id: str | None) -> None:
        """Do nothing: a folder has no multipart uploads."""

    @contextmanager
    def folder_of(self, key: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """Hold the folder of a key open, and say what the key is called in it. Raises OSError."""
        *folders, name = key.split("/")
        with entered(self._find_root(), folders, create=create) as folder:
            yield folder, name

    def _remove(self, key: str) -> None:
        with self.folder_of(key) as (folder, name):
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)

    @contextmanager
    def _temporary(self, placement: Placement) -> Iterator[NamelessFile | NamedFile]:
        """Hold a file without a name, or with a recorded one where that is not possible."""
        key = new_staging_key(placement)
        file: NamelessFile | NamedFile | None = self._find_nameless(key)
        if file is None:
            self._staging.record_staging(placement, key, None)
            with telling(self.name), self.folder_of(key, create=True) as (folder, name):
                file = NamedFile(folder, name)
        try:
            yield file
        finally:
            with telling(self.name):
                file.close()
            if isinstance(file, NamedFile):
                self._staging.forget_staging(placement, key)

    def _find_nameless(self, key: str) -> NamelessFile | None:
        if not self._has_nameless:
            return None
        with telling(self.name), self.folder_of(key, create=True) as (folder, _):
            try:
                return NamelessFile(folder)
            except OSError as problem:
                if problem.errno not in _UNSUPPORTED:
                    raise
        self._has_nameless = False
        return None

    def _give_name(
        self, placement: Placement, temporary: NamelessFile | NamedFile, stored: StoredObject
    ) -> bool:
        """Link the file under its md5; say whether the right bytes were there already."""
        key = object_key(placement, stored.md5)
        with self.folder_of(key, create=True) as (folder, name):
            try:
                temporary.link(folder, name)
            except FileExistsError:
                if _holds(folder, name, stored):
                    return True
                self._repair(placement, temporary, folder, name)
            os.fsync(folder)
        return False

    def _repair(
        self, placement: Placement, temporary: NamelessFile | NamedFile, folder: int, name: str
    ) -> None:
        """Put the right bytes in the place of damaged ones, in one step."""
        key = new_staging_key(placement)
        self._staging.record_staging(placement, key, None)
        with self.folder_of(key, create=True) as (staging_folder, staging_name):
            temporary.link(staging_folder, staging_name)
            os.replace(staging_name, name, src_dir_fd=staging_folder, dst_dir_fd=folder)
        self._staging.forget_staging(placement, key)

    def _stream(self, file: OpenFile) -> Iterator[bytes]:
        with telling(self.name), file:
            yield from file


def _holds(folder: int, name: str, stored: StoredObject) -> bool:
    """Whether the file has the very bytes; one that is no file or cannot be read has not."""
    digest = hashlib.sha256()
    try:
        with OpenFile(folder, name) as file:
            if file.size_bytes != stored.size_bytes:
                return False
            for chunk in file:
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == stored.sha256
