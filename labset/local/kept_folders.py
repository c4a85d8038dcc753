"""Where the client keeps what it may lose: its cache, and the state of what is under way."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_OFF = {"0", "no", "none", "off"}


def find_cache_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return `LABSET_CACHE`, else the platform's folder for caches; None where it is `off`.

    Source:  XDG Base Directory, Apple's File System Programming Guide, Windows' known folders.
    """
    known = os.environ if environment is None else environment
    chosen = known.get("LABSET_CACHE", "").strip()
    if chosen.lower() in _OFF:
        return None
    return Path(chosen).expanduser() if chosen else _platform_folder(known) / "labset"


def state_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return where unfinished uploads and known hashes are remembered, with a cache or without."""
    known = os.environ if environment is None else environment
    return (find_cache_folder(known) or _platform_folder(known) / "labset") / "state"


def _platform_folder(known: Mapping[str, str]) -> Path:
    if sys.platform == "win32":
        return Path(known.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(known.get("XDG_CACHE_HOME") or Path.home() / ".cache")
