"""The `.gitignore` beside pointers, as `dvc add` and `dvc remove` leave it.

Source: scmrepo's `Git.ignore` (DVC 3.67) and pathspec's escaping of glob characters.
"""

from __future__ import annotations

import re
from collections.abc import Collection

FILE_NAME = ".gitignore"
_GLOB_CHARACTERS = re.compile(r"([\[\]!*#?])")


def ignore_line(name: str) -> str:
    """Return the line that hides `name` of the same folder from git."""
    return "/" + _GLOB_CHARACTERS.sub(r"\\\1", name)


def edit_ignores(
    text: bytes | None, *, added: Collection[str], removed: Collection[str]
) -> bytes | None:
    """Return the file with lines for `added` names and none for `removed`; None if nothing is left.

    Lines of other people stay as they are, byte for byte.
    """
    before = text or b""
    gone = {line.encode() for name in removed for line in (ignore_line(name), f"/{name}")}
    lines = [line for line in before.splitlines(keepends=True) if line.strip() not in gone]
    known = {line.rstrip(b"\r\n") for line in lines}
    wanted = [ignore_line(name).encode() for name in added]
    missing = [line for line in dict.fromkeys(wanted) if line not in known]
    if missing and lines and not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    after = b"".join(lines) + b"".join(line + b"\n" for line in missing)
    return after or None
