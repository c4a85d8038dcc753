"""A folder of the server, entered step by step so that no symbolic link inside leads out of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import Forbidden, Invalid, Unavailable
from core.model.addresses import parse_folder_url

_ENTER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_REASONS: Final = {
    errno.EACCES: "Labset may not read or write there.",
    errno.EPERM: "Labset may not do that there.",
    errno.EROFS: "it is mounted read-only.",
    errno.ELOOP: "a symbolic link stands where a folder or file should be.",
    errno.ENOTDIR: "a file or a symbolic link stands where a folder should be.",
    errno.EIO: "the disk has an error.",
    errno.EXDEV: "other file systems are mounted inside its folder.",
    errno.ESTALE: "its network file system has gone away.",
    errno.EMFILE: "the server has too many open files. Try again in a moment.",
}


def find_root(url: str, roots: Sequence[Path]) -> Path:
    """Return the real folder of `file:///…`, which lies below one of `roots`.

    Raises:  Forbidden, if it does not; Invalid, if it, or that root, is not there.
    """
    asked = Path(parse_folder_url(url))
    if not roots:
        raise Forbidden("needs LABSET_LOCAL_ROOTS, where whoever runs Labset lists folders")
    real = Path(os.path.realpath(asked))
    for root in roots:
        if real.is_relative_to(os.path.realpath(root)):
            if not root.is_dir():
                raise Invalid(f"{root} of LABSET_LOCAL_ROOTS is not there.", code="no_such_folder")
            if not real.is_dir():
                raise Invalid(
                    f"{asked} is not a folder of the server: create it first.",
                    code="no_such_folder",
                    details={"field": "url"},
                )
            return real
    raise Forbidden(f"needs a folder below LABSET_LOCAL_ROOTS, and {asked} is not")


@contextmanager
def telling(site: str) -> Iterator[None]:
    """Tell the errors of the operating system in our words. Raises Unavailable."""
    try:
        yield
    except OSError as problem:
        reason = _REASONS.get(problem.errno or 0, f"the disk refuses ({problem.strerror}).")
        if problem.errno in _FULL:
            reason = "the disk is full."
        raise Unavailable(f"The storage site {site}: {reason}") from problem


@contextmanager
def entered(root: Path, folder: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """Hold a descriptor of a folder below `root`.

    Raises:  OSError; FileNotFoundError, if the folder is not there and is not to be created.
    """
    descriptor = os.open(root, _ENTER)
    try:
        for segment in folder:
            if segment in {"", ".", ".."}:
                raise Invalid("That key is not a path below the site's folder.")
            inner = _enter(descriptor, segment, create=create)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(folder: int, name: str, *, create: bool) -> int:
    try:
        return os.open(name, _ENTER, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    try:
        os.mkdir(name, 0o755, dir_fd=folder)
        os.fsync(folder)
    except FileExistsError:
        pass  # another upload was first
    return os.open(name, _ENTER, dir_fd=folder)
