"""What a revision holds: pointers, small texts, folders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from core.errors import Damaged, Invalid, TooLarge
from core.model.names import FilePath, Md5, path_problem

TEXT_SUFFIXES = frozenset({"md", "txt", "yaml", "yml", "json", "xml", "toml"})
MAX_TEXT_BYTES = 100_000
MAX_DIR_LISTING_BYTES = 32 * 1024 * 1024
MAX_DIR_FILES = 250_000
_VALUES_OF_A_FILE = 8  # md5, relpath, and what other programs note of a file


@dataclass(frozen=True, slots=True)
class Pointer:
    """The text that stands for bytes on the site.

    `size_bytes` is None where the pointer does not say. `files` counts the files of a directory
    pointer. `legacy` marks DVC 2 pointers (no `hash: md5`), whose objects lie directly under
    `<2 hex>/<30 hex>`.
    """

    md5: Md5
    size_bytes: int | None
    files: int | None = None
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A small text that lives in git itself.

    `blob` is git's id (40 hex); the bytes are read by `History.read_text`.
    """

    blob: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Broken:
    """An unreadable `.dvc` file, a symlink or a submodule: listed, never followed."""

    problem: str


Content = Pointer | Text | Broken


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a folder: a file (`content` is set) or a folder.

    A folder that is one `.dir` pointer is `packed`: its `content` is that pointer, and what lies in
    it is told by the listing on the site.
    """

    path: FilePath
    type: Literal["file", "directory"]
    content: Content | None = None

    @property
    def packed(self) -> Pointer | None:
        """The `.dir` pointer that this folder is, if it is one."""
        if self.type == "directory" and isinstance(self.content, Pointer):
            return self.content
        return None


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One path on two sides; None where nothing stands there, on one side at most."""

    before: Entry | None
    after: Entry | None

    @property
    def path(self) -> FilePath:
        """The path of whichever is there."""
        entry = self.after or self.before
        assert entry is not None  # noqa: S101 - for the type: a change has a side
        return entry.path


@dataclass(frozen=True, slots=True)
class Statistics:
    """How many files a revision holds, and how many bytes they have together."""

    files: int
    size_bytes: int


def belongs_in_git(path: FilePath, data: bytes) -> bool:
    """Whether the file is small UTF-8 text of a suffix that is worth reading and diffing.

    Source: DESIGN decision 10, `docs/decisions/0010-small-text-in-git.md`.
    """
    if not may_belong_in_git(path, len(data)) or b"\x00" in data:
        return False
    try:
        data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return False
    return True


def may_belong_in_git(path: FilePath, size_bytes: int) -> bool:
    """Whether name and size allow it; the bytes have the last word (`belongs_in_git`)."""
    return size_bytes <= MAX_TEXT_BYTES and path.suffix in TEXT_SUFFIXES


def parse_dir_listing(data: bytes, directory: FilePath) -> list[tuple[FilePath, Md5]]:
    """Read a `.dir` object: JSON `[{"md5": …, "relpath": …}, …]`, as files below `directory`.

    Raises:  Damaged, if it is not such a listing or names a path that no dataset can hold; TooLarge.
    Source:  COMPAT 4.1, DVC 3's directory objects.
    """
    files, values = data.count(b"{") + data.count(b"["), data.count(b",")
    if len(data) > MAX_DIR_LISTING_BYTES or (
        files > MAX_DIR_FILES + 1 or values > MAX_DIR_FILES * _VALUES_OF_A_FILE
    ):
        raise TooLarge(
            f"The listing of the folder {directory} is too large to be read here: over "
            f"{MAX_DIR_FILES:,} files or {MAX_DIR_LISTING_BYTES:,} bytes. `dvc pull` fetches it."
        )
    try:
        pairs = [(str(row["relpath"]), str(row["md5"])) for row in _rows(json.loads(data))]
        bad = next((path for path, _ in pairs if path_problem(path)), None)
        if bad is None:
            return [(FilePath(f"{directory}/{path}"), Md5(md5)) for path, md5 in pairs]
    except (ValueError, TypeError, KeyError, Invalid, RecursionError) as error:
        raise Damaged(f"The listing of the directory {directory} cannot be read.") from error
    raise Damaged(f"The listing of the directory {directory} names an unsafe path.")


def _rows(listing: object) -> list[dict[str, object]]:
    if not isinstance(listing, list):
        raise TypeError(listing)
    return listing
