"""The md5 of every local file: remembered where the file has not changed, else computed by both cores."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from labset.errors import Conflict, Misused
from labset.local.hash_cache import HashCache, Signature
from labset.transport.crew import Crew
from labset.transport.wire import BLOCK_BYTES
from labset.upload.sources import LocalFile
from labset.watch import Watch

_GROUP_FILES = 128
_GROUP_BYTES = 32 * 1024 * 1024
_MOST_THREADS = 4


def hash_files(
    files: Sequence[LocalFile],
    hashes: HashCache,
    watch: Watch,
    check: Callable[[], object] = lambda: None,
) -> list[str]:
    """Return the md5 of each file, in their order.

    `check` is called for each group of files and may raise, to end the work.
    Raises:  Conflict with the code `changed`, for a file that changes meanwhile.
    """
    known = list(hashes.find(one.signature for one in files))
    unknown = [index for index, md5 in enumerate(known) if md5 is None]
    md5s = [md5 or "" for md5 in known]
    if not unknown:
        return md5s
    watch.begin("Hashing", len(unknown), sum(files[index].size for index in unknown))
    crew = Crew(min(_MOST_THREADS, os.cpu_count() or 1))

    def hash_group(group: list[int]) -> None:
        check()
        for index in group:
            md5s[index] = _hash_file(files[index], crew, watch)
        hashes.keep([(files[index].signature, md5s[index]) for index in group])

    crew.run(hash_group, _groups(files, unknown))
    watch.end()
    return md5s


def check_unchanged(file: LocalFile, status: os.stat_result) -> None:
    """Refuse a file that is not any more what it was when it was found."""
    if Signature.of(status) != file.signature:
        raise changed(file)


def changed(file: LocalFile) -> Conflict:
    """Return the refusal of a file that somebody writes to."""
    return Conflict(
        f"{file.local} changed while it was uploaded; nothing was committed. "
        "Upload again when nobody writes to it.",
        "changed",
        {"path": file.path, "local": file.local},
    )


def open_unchanged(file: LocalFile) -> int:
    """Open a file that is still what it was.

    Raises:  Conflict with the code `changed`; Misused, for one that may not be read.
    """
    try:
        opened = os.open(file.local, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except PermissionError as problem:
        words = f"{file.local} cannot be read: {problem.strerror}."
        raise Misused(words, details={"path": file.local}) from problem
    except OSError as problem:
        raise changed(file) from problem
    try:
        check_unchanged(file, os.fstat(opened))
    except BaseException:
        os.close(opened)
        raise
    return opened


def _groups(files: Sequence[LocalFile], indexes: Sequence[int]) -> Iterator[list[int]]:
    """Yield what one thread takes at once."""
    rest = iter(indexes)
    while group := list(islice(rest, 1)):
        size = files[group[0]].size
        while size < _GROUP_BYTES and len(group) < _GROUP_FILES:
            index = next(rest, None)
            if index is None:
                break
            group.append(index)
            size += files[index].size
        yield group


def _hash_file(file: LocalFile, crew: Crew, watch: Watch) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    opened = open_unchanged(file)
    try:
        while block := os.read(opened, BLOCK_BYTES):
            crew.check()
            digest.update(block)
            watch.advance(0, len(block))
        check_unchanged(file, os.fstat(opened))
    finally:
        os.close(opened)
    watch.advance(1)
    return digest.hexdigest()
