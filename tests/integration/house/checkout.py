"""What the examination of the checkout reads: git's list of files, pyproject.toml, the product's modules."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_SERVED = {"tests", "bench", "tools"}

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def committed_files() -> list[Path]:
    """Return what git would hand to somebody who clones, where it lies on this disk."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()]


def packages() -> set[str]:
    """Return the top-level packages of the checkout that are not about looking after it."""
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_SERVED


def modules(*of: str) -> list[Path]:
    """Return the source files of these packages."""
    return sorted(path for package in of for path in (ROOT / package).rglob("*.py"))


def locked(name: str) -> set[tuple[str, str]]:
    """Return name and version of everything in requirements/<name>.txt; some have two by platform."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    return {(match[1].lower(), match[2]) for match in _PINNED.finditer(text)}
