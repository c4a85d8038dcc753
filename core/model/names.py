"""The names that people and programs type: parsed once at the door, trusted inside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import Invalid

_SHA = re.compile(r"[0-9a-f]{40}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)")
_SEGMENT_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\/\u2028\u2029]")
_RESERVED_SEGMENTS = frozenset(
    {".git", ".gitignore", ".gitmodules", ".gitattributes", ".dvc", ".dvcignore"}
)

MAX_SEGMENT_BYTES = 251
MAX_PATH_BYTES = 1024
MAX_REF_BYTES = 250


@dataclass(frozen=True, slots=True, order=True)
class DatasetId:
    """A dataset's number for ever: the id of its GitLab project."""

    number: int

    def __post_init__(self) -> None:
        if not 0 < self.number < 2**63:
            raise Invalid(f"{self.number} is not a dataset id: it is a positive whole number.")

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True, order=True)
class SiteId:
    """A storage site's number for ever: the id of its GitLab project."""

    number: int

    def __post_init__(self) -> None:
        if not 0 < self.number < 2**63:
            raise Invalid(f"{self.number} is not a site id: it is a positive whole number.")

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True, order=True)
class Revision:
    """One commit, for ever: 40 lower-case hex digits."""

    sha: str

    def __post_init__(self) -> None:
        if not _SHA.fullmatch(self.sha):
            raise Invalid(f"{self.sha!r} is not a full commit id: it has 40 hex digits.")

    def __str__(self) -> str:
        return self.sha


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """What somebody typed to name a revision: branch, tag or (shortened) commit id.

    Source: the rules of git-check-ref-format, and no leading dash.
    """

    name: str

    def __post_init__(self) -> None:
        name = self.name
        if (
            not name
            or len(name.encode("utf-8", "surrogatepass")) > MAX_REF_BYTES
            or not name.isprintable()
            or name[0] in "-/."
            or name[-1] in "/."
            or name == "@"
            or _REF_FORBIDDEN.search(name)
        ):
            raise Invalid(
                f"{name!r} is not a ref: give a branch, a tag or a commit id.",
                details={"ref": name},
            )

    def __str__(self) -> str:
        return self.name

    @property
    def revision(self) -> Revision | None:
        """The revision, where the ref is a full commit id."""
        return Revision(self.name) if _SHA.fullmatch(self.name) else None


@dataclass(frozen=True, slots=True, order=True)
class Md5:
    """The md5 that names an object; `is_directory` marks the name of a `.dir` listing."""

    hex: str
    is_directory: bool = False

    def __post_init__(self) -> None:
        if not _MD5.fullmatch(self.hex):
            raise Invalid(f"{self.hex!r} is not an md5: it has 32 lower-case hex digits.")

    def __str__(self) -> str:
        return f"{self.hex}.dir" if self.is_directory else self.hex

    @classmethod
    def parse(cls, text: str) -> Md5:
        """Read `<32 hex>` or `<32 hex>.dir`."""
        return cls(text.removesuffix(".dir"), is_directory=text.endswith(".dir"))


@dataclass(frozen=True, slots=True, order=True)
class UploadId:
    """An upload session's random name: 32 hex digits."""

    hex: str

    def __post_init__(self) -> None:
        if not _UPLOAD_ID.fullmatch(self.hex):
            raise Invalid("That is not the id of an upload.")

    def __str__(self) -> str:
        return self.hex


def segment_problem(segment: str) -> str | None:
    """Say why `segment` cannot be a file or directory name in a dataset, or None."""
    if segment in {"", ".", ".."}:
        return "has an empty, '.' or '..' segment"
    if _SEGMENT_FORBIDDEN.search(segment):
        return "holds a control character or a backslash"
    if segment[-1] in ". ":
        return "ends with a dot or a space"
    return _segment_rule_problem(segment)


def _segment_rule_problem(segment: str) -> str | None:
    try:
        length_bytes = len(segment.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if length_bytes > MAX_SEGMENT_BYTES:
        return f"has a segment of over {MAX_SEGMENT_BYTES} bytes"
    if unicodedata.normalize("NFC", segment) != segment:
        return "is not in Unicode normal form C"
    if segment.casefold() in _RESERVED_SEGMENTS:
        return f"uses the reserved name {segment}"
    if segment.casefold().endswith(".dvc"):
        return "ends with .dvc, the suffix of pointers"
    return None


def path_problem(text: str) -> str | None:
    """Say why `text` cannot be a path inside a dataset, or None."""
    if len(text) > MAX_PATH_BYTES or len(text.encode("utf-8", "replace")) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    for segment in text.split("/"):
        problem = segment_problem(segment)
        if problem:
            return problem
    return None


@dataclass(frozen=True, slots=True, order=True)
class FilePath:
    """A safe relative path inside a dataset: `/` between segments, none of them special."""

    text: str

    def __post_init__(self) -> None:
        problem = path_problem(self.text)
        if problem:
            raise Invalid(f"The path {self.text!r} {problem}.", details={"path": self.text})

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """The last segment."""
        return self.text.rpartition("/")[2]

    @property
    def parent(self) -> FilePath | None:
        """The directory that holds it; None at the root."""
        head = self.text.rpartition("/")[0]
        return FilePath(head) if head else None

    @property
    def suffix(self) -> str:
        """What follows the last dot of the name, lower case, without the dot."""
        return self.name.rpartition(".")[2].lower() if "." in self.name[1:] else ""

    def within(self, directory: FilePath) -> bool:
        """Whether it lies below `directory`."""
        return self.text.startswith(f"{directory.text}/")


def folded(path: str) -> str:
    """Return the form under which two paths collide on some file system (case, Unicode)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def collisions(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of paths that no ordinary file system could hold side by side.

    Equal but for case or Unicode form (also of a folder), or a file that is the other's folder.
    """
    spelled: dict[str, str] = {}
    files: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    ordered = sorted(set(paths))
    for path in ordered:
        other = _spelling_clash(path, spelled)
        if other:
            found.append((other, path))
        files[folded(path)] = path
    for path in ordered:
        found.extend((files[key], path) for key in _folded_parents(path) if key in files)
    return found


def _spelling_clash(path: str, spelled: dict[str, str]) -> str | None:
    clash = None
    prefix = ""
    for segment in path.split("/"):
        prefix = f"{prefix}/{segment}" if prefix else segment
        known = spelled.setdefault(folded(prefix), prefix)
        if known != prefix:
            clash = clash or known
    return clash


def _folded_parents(path: str) -> Iterable[str]:
    segments = folded(path).split("/")
    return ("/".join(segments[:count]) for count in range(1, len(segments)))
