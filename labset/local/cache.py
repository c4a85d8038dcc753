"""Bytes that were downloaded once, by their md5, for all projects of this machine.

A file of up to 16 MiB is copied out of the cache, and verified while it is copied. A larger one is cloned
where the file system can share blocks (Btrfs, XFS); elsewhere it is a hard link, and read-only: whoever
edits it in place would edit the cache and every other project's file. Nothing leaves the cache that is
not what its name says: what was tampered with is dropped and fetched again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

from labset.local.hash_cache import HashCache, Signature
from labset.local.kept_folders import find_cache_folder

if sys.platform == "linux":
    import fcntl

    _FICLONE = 0x40049409

    def _clone(source: int, target: int) -> bool:
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError:
            return False  # other file systems answer with several errors
        return True

else:

    def _clone(source: int, target: int) -> bool:
        _ = source, target
        return False


LINKED_BYTES = 16 * 1024 * 1024
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES}
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Cache:
    """A folder of files named by their md5; any number of processes and threads may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "files" / "md5"
        self._locks = folder / "locks"

    def lock_path(self, md5: str) -> Path:
        """Return what stands for the lock of those who fetch these bytes."""
        return self._locks / md5

    def read(self, md5: str, size: int) -> bytes | None:
        """Return bytes of a small file, verified, or None."""
        entry = self._entry(md5)
        try:
            data = entry.read_bytes()
        except OSError:
            return None
        if len(data) == size and _md5(data) == md5:
            return data
        entry.unlink(missing_ok=True)
        return None

    def write(self, md5: str, data: bytes) -> None:
        """Keep bytes that were verified."""
        entry = self._entry(md5)
        if entry.exists():
            return
        fresh = self._fresh(entry)
        try:
            fresh.write_bytes(data)
            fresh.replace(entry)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise

    def link(self, md5: str, size: int, target: Path, hashes: HashCache) -> bool:
        """Put a large file at `target`, where nothing is; say whether the cache holds it."""
        entry = self._entry(md5)
        if not _is_whole(entry, md5, size, hashes):
            return False
        share(entry, target)
        return True

    def keep(self, md5: str, path: Path, hashes: HashCache) -> None:
        """Keep a file that was verified; a large one may become read-only."""
        entry = self._entry(md5)
        if entry.exists():
            return
        fresh = self._fresh(entry)
        try:
            if path.stat().st_size < LINKED_BYTES:
                shutil.copyfile(path, fresh)
            else:
                share(path, fresh)
            fresh.replace(entry)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        hashes.keep([(Signature.of(entry.stat()), md5)], at_rest=True)

    def _entry(self, md5: str) -> Path:
        return self._folder / md5[:2] / md5[2:]

    def _fresh(self, entry: Path) -> Path:
        """Return a name beside an entry; nobody else has it."""
        entry.parent.mkdir(parents=True, exist_ok=True)
        return entry.with_name(f".{entry.name}.{secrets.token_hex(4)}")


def open_cache() -> Cache | None:
    """Return this machine's cache (`LABSET_CACHE`, else the platform's place); None where it is off."""
    folder = find_cache_folder()
    return Cache(folder) if folder else None


def _is_whole(entry: Path, md5: str, size: int, hashes: HashCache) -> bool:
    """Whether an entry is what its name says; one that is not is dropped."""
    try:
        status = entry.stat()
    except FileNotFoundError:
        return False
    if status.st_size == size:
        signature = Signature.of(status)
        known = hashes.find_one(signature)
        if (known or md5_of(entry)) == md5:
            if known is None:
                hashes.keep([(signature, md5)])
            return True
    entry.unlink(missing_ok=True)
    return False


def share(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`: a clone, else a read-only hard link, else a copy."""
    with source.open("rb") as reader, target.open("xb") as writer:
        if _clone(reader.fileno(), writer.fileno()):
            return
    target.unlink()
    try:
        _link_read_only(source, target)
    except OSError as problem:
        if problem.errno not in _NO_LINK:
            raise
        shutil.copyfile(source, target)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _link_read_only(source: Path, target: Path) -> None:
    if sys.platform == "win32":  # where what is read-only cannot be deleted either
        raise OSError(errno.EPERM, "no hard links")
    os.link(source, target)
    source.chmod(stat.S_IMODE(source.stat().st_mode) & ~_WRITE_BITS)


def md5_of(path: Path) -> str:
    """Return the md5 of a file as it is now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _new_md5).hexdigest()


def _new_md5() -> Any:  # noqa: ANN401 - hashlib's own type has no public name
    return hashlib.md5(usedforsecurity=False)
