"""Our errors as those of the operating system, which programs that open files expect."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from labset.errors import (
    Conflict,
    Damaged,
    LabsetError,
    Misused,
    NotAllowed,
    NotFound,
    Unreachable,
)

_NUMBERS: Mapping[type[LabsetError], int] = {  # OSError picks its own subclass by them
    NotFound: errno.ENOENT,
    NotAllowed: errno.EACCES,
    Unreachable: errno.ECONNABORTED,
    Misused: errno.EINVAL,
    Conflict: errno.EIO,
    Damaged: errno.EIO,
}


def os_error(problem: LabsetError, path: str) -> OSError:
    """Return `problem` as FileNotFoundError, PermissionError, ConnectionError or another OSError."""
    number = errno.EISDIR if problem.code == "is_directory" else _NUMBERS.get(type(problem))
    return OSError(number or errno.EIO, problem.message, path)


def read_only(path: str) -> OSError:
    """Return the refusal of any change."""
    return OSError(
        errno.EROFS,
        "labset:// is for reading: a change is a commit; make one with `labset upload` or labset.Client",
        path,
    )
