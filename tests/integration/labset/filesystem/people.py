"""Words that these tests share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from labset import LabsetFileSystem

FilesOf = Callable[..., LabsetFileSystem]


def md5_of(body: bytes) -> str:
    """Return the md5 as Labset names it."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
