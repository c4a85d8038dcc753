"""Versions in the order in which people count them: 1.9 before 1.10, 2.0-rc1 before 2.0."""

from __future__ import annotations

import re

_RUN = re.compile(r"[0-9]+|[^0-9]+")
_PRE_RELEASE, _END = "\x01", "\x02"  # a dash sorts before the end, everything else after it
_LENGTH_DIGITS = 3


def version_key(version: str) -> str:
    """Return a text that sorts by code points as the versions themselves should.

    Runs of digits count as numbers; what differs in leading zeros only goes by the text itself.
    """
    return "".join(map(_run_key, _RUN.findall(version))) + _END + version


def _run_key(run: str) -> str:
    if not run[0].isascii() or not run[0].isdigit():
        return run.replace("-", _PRE_RELEASE)
    digits = run.lstrip("0")
    return f"{len(digits):0{_LENGTH_DIGITS}d}{digits}"
