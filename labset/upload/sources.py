"""Find what is to be uploaded: which local file becomes which path, and what is left out."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from labset.errors import Misused
from labset.local.hash_cache import Signature

HIDDEN_FOLDER = ".labset"  # where downloads keep their unfinished parts

_RESERVED = frozenset({".git", ".gitignore", ".gitmodules", ".gitattributes", ".dvc", ".dvcignore"})
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")
_WINDOWS_NAMES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_WINDOWS_FORBIDDEN = re.compile(r'[<>:"|?*]')
_MOST_PATH_BYTES = 1024
_MOST_SEGMENT_BYTES = 251

Source = str | os.PathLike[str]


class LocalFile(NamedTuple):
    """One file: where it lies here, which path it gets, and what it looked like when it was found."""

    local: str
    path: str
    signature: Signature

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.signature.size


@dataclass(slots=True)
class Found:
    """The files by their paths, and what is skipped as (local path, why)."""

    files: list[LocalFile] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def find_files(sources: Sequence[Source], to: str = "") -> Found:
    """Return all files of the sources, which come to lie below the folder `to` of the dataset.

    A file keeps its name. A folder keeps its name too, unless it is given with a slash at the end or as
    `.`: then what it holds lies directly below `to`, as rsync has it. A link that is named itself is
    followed; links, devices, sockets and reserved names inside of folders are skipped.
    Raises:  Misused, for what is not there, and naming every path that no dataset can hold.
    """
    found = Found()
    below = folder_path(to)
    for source in sources:
        _add_source(os.fspath(source), below, found)
    problems = [(one.path, why) for one in found.files if (why := path_problem(one.path))]
    if problems:
        path, why = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        rows = [{"path": path, "problem": why} for path, why in problems]
        raise Misused(f"{path!r} {why}{more}: rename it.", "invalid_path", {"paths": rows})
    _check_twice(found.files)
    return found


def folder_path(text: str) -> str:
    """Return a folder inside a dataset without slashes around it; "" for the root."""
    parts = [part for part in text.replace(os.sep, "/").split("/") if part not in {"", "."}]
    if ".." in parts:
        raise Misused(f"{text!r} leads out of the dataset.", "invalid_path")
    return unicodedata.normalize("NFC", "/".join(parts))


def common_folder(files: Sequence[LocalFile]) -> str:
    """Return the innermost folder of the dataset that holds all these files; "" for the root."""
    common = files[0].path.split("/")[:-1]
    for one in files:
        parts = one.path.split("/")[:-1]
        while common and parts[: len(common)] != common:
            common.pop()
    return "/".join(common)


def path_problem(path: str) -> str | None:
    """Say why a dataset cannot hold a path, or None; the server has the last word."""
    try:
        if len(path.encode()) > _MOST_PATH_BYTES:
            return f"is longer than {_MOST_PATH_BYTES} bytes"
    except UnicodeEncodeError:
        return "is not valid Unicode"
    return next((why for part in path.split("/") if (why := _segment_problem(part))), None)


def is_windows_name(path: str) -> bool:
    """Whether Windows can hold every name of the path."""
    return not any(
        _WINDOWS_NAMES.fullmatch(part) or _WINDOWS_FORBIDDEN.search(part)
        for part in path.split("/")
    )


def _segment_problem(part: str) -> str | None:
    if _FORBIDDEN.search(part):
        return "holds a control character or a backslash"
    if part[-1:] in {".", " "}:
        return "ends with a dot or a space"
    if len(part.encode()) > _MOST_SEGMENT_BYTES:
        return f"has a name of over {_MOST_SEGMENT_BYTES} bytes"
    return None


def _check_twice(files: Sequence[LocalFile]) -> None:
    known: dict[str, str] = {}
    for one in files:
        other = known.setdefault(one.path, one.local)
        if other != one.local:
            raise Misused(f"{other} and {one.local} would both become {one.path}.", "invalid_path")


def _add_source(source: str, below: str, found: Found) -> None:
    try:
        status = Path(source).stat()
    except OSError as problem:
        raise Misused(
            f"{source} cannot be read: {problem.strerror}.", details={"path": source}
        ) from problem
    name = "" if source.endswith(("/", "/.", os.sep)) else Path(source).name
    name = "" if name == ".." else name
    path = unicodedata.normalize("NFC", f"{below}/{name}".strip("/"))
    if stat.S_ISDIR(status.st_mode):
        for one in _walk(source, path, found):
            found.files.append(one)
    elif not stat.S_ISREG(status.st_mode):
        found.skipped.append((source, "is no ordinary file"))
    elif _is_reserved(name):
        found.skipped.append((source, "has a name that is reserved for git or DVC"))
    else:
        found.files.append(LocalFile(source, path, Signature.of(status)))


def _walk(folder: str, path: str, found: Found) -> Iterator[LocalFile]:
    """Yield the files below a folder, in the order of their names."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as problem:
        raise Misused(f"{folder} cannot be read: {problem.strerror}.") from problem
    for entry in entries:
        name = unicodedata.normalize("NFC", entry.name)
        its_path = f"{path}/{name}" if path else name
        why = _reason_to_skip(entry)
        if why:
            found.skipped.append((entry.path, why))
        elif entry.is_dir(follow_symlinks=False):
            if entry.name != HIDDEN_FOLDER:
                yield from _walk(entry.path, its_path, found)
        else:
            status = entry.stat(follow_symlinks=False)
            yield LocalFile(entry.path, its_path, _whole(Signature.of(status), entry.path))


def _whole(signature: Signature, path: str) -> Signature:
    """Return a signature with device and inode, which Windows leaves out of its listings."""
    return signature if signature.inode else Signature.of(Path(path).stat())


def _reason_to_skip(entry: os.DirEntry[str]) -> str | None:
    if entry.is_symlink():
        return "is a symbolic link"
    if _is_reserved(entry.name):
        return "has a name that is reserved for git or DVC"
    if not entry.is_dir(follow_symlinks=False) and not entry.is_file(follow_symlinks=False):
        return "is no ordinary file"
    return None


def _is_reserved(name: str) -> bool:
    folded = name.casefold()
    return folded in _RESERVED or folded.endswith(".dvc")
