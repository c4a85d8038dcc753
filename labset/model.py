"""What the server's answers say, as frozen values; each is read by its `parse`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom GitLab knows by a token."""

    id: int
    username: str
    name: str
    is_admin: bool

    @classmethod
    def parse(cls, row: Json) -> Person:
        """Read `GET /api/v1/user`."""
        return cls(row["id"], row["username"], row["name"], bool(row.get("is_admin")))


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether something may be done; if not, why, and who can change that."""

    allowed: bool
    why: str = ""
    ask: tuple[str, ...] = ()

    @classmethod
    def parse(cls, row: Json) -> Permission:
        """Read one of `permissions`."""
        return cls(row["allowed"], row.get("why") or "", tuple(row.get("ask") or ()))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last request by DVC that the server refused to this person."""

    at: str
    method: str
    code: str
    message: str

    @classmethod
    def parse(cls, row: Json) -> Refusal:
        """Read `last_refusal`."""
        return cls(row["at"], row["method"], row["code"], row["message"])


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset; `permissions`, `files`, `size`, `head` and `last_refusal` only in details.

    Units:   size in bytes.
    """

    id: int
    name: str
    path: str
    description: str
    visibility: str
    tags: tuple[str, ...]
    kind: str
    default_branch: str
    site: str | None
    web_url: str
    last_activity_at: datetime | None
    head: str | None
    files: int | None
    size: int | None
    permissions: Mapping[str, Permission]
    last_refusal: Refusal | None

    @classmethod
    def parse(cls, row: Json) -> Dataset:
        """Read a row of `GET /api/v1/datasets`, or the details."""
        site, counted = row.get("storage_site"), row.get("statistics") or {}
        refusal = row.get("last_refusal")
        return cls(
            id=row["id"],
            name=row["name"],
            path=row["path_with_namespace"],
            description=row["description"],
            visibility=row["visibility"],
            tags=tuple(row["tags"]),
            kind=row["kind"],
            default_branch=row["default_branch"],
            site=site["name"] if site else None,
            web_url=row["web_url"],
            last_activity_at=moment(row.get("last_activity_at")),
            head=row.get("head"),
            files=counted.get("files"),
            size=counted.get("bytes"),
            permissions={
                name: Permission.parse(one) for name, one in (row.get("permissions") or {}).items()
            },
            last_refusal=Refusal.parse(refusal) if refusal else None,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder at a revision; `sha256` only in a manifest, and where it is known.

    Units:   size in bytes; None for folders whose size nobody counted.
    """

    path: str
    type: Literal["file", "directory"]
    size: int | None
    md5: str | None
    stored: Literal["git", "site"] | None
    packed: bool = False
    sha256: str | None = None

    @classmethod
    def parse(cls, row: Json) -> Entry:
        """Read a row of `…/tree` or `…/manifest` (which holds files only)."""
        return cls(
            row["path"],
            row.get("type", "file"),
            row["size"],
            row["md5"],
            row.get("stored"),
            bool(row.get("packed")),
            row.get("sha256"),
        )


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a history."""

    sha: str
    title: str
    message: str
    author: str
    created_at: datetime | None

    @classmethod
    def parse(cls, row: Json) -> Commit:
        """Read a row of `…/commits`."""
        return cls(
            row["commit"],
            row["title"],
            row["message"],
            row["author"]["name"],
            moment(row["created_at"]),
        )


@dataclass(frozen=True, slots=True)
class Committed:
    """What one change became: the commit, and the number of files in it."""

    commit: str
    files: int

    @classmethod
    def parse(cls, row: Json) -> Committed:
        """Read the answer of a change."""
        return cls(row["commit"], row.get("files", 0))


@dataclass(frozen=True, slots=True)
class Release:
    """A tag: a name for one commit, for ever."""

    name: str
    commit: str
    message: str
    released_at: datetime | None

    @classmethod
    def parse(cls, row: Json) -> Release:
        """Read a tag."""
        return cls(
            row["name"], row["commit"], row.get("message") or "", moment(row.get("released_at"))
        )


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that is in both revisions with different bytes."""

    path: str
    old: Entry
    new: Entry


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file that kept its bytes and changed its path."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What one revision has that another has not; `old` is None where there was nothing before."""

    old: str | None
    new: str
    added: Sequence[Entry]
    removed: Sequence[Entry]
    changed: Sequence[Changed]
    renamed: Sequence[Renamed]

    @classmethod
    def parse(cls, row: Json) -> Diff:
        """Read `…/diff`."""
        return cls(
            old=row["from"],
            new=row["to"],
            added=tuple(_side(one, one["path"]) for one in row["added"]),
            removed=tuple(_side(one, one["path"]) for one in row["removed"]),
            changed=tuple(
                Changed(one["path"], _side(one["old"], one["path"]), _side(one["new"], one["path"]))
                for one in row["changed"]
            ),
            renamed=tuple(Renamed(one["from"], one["to"]) for one in row["renamed"]),
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the bytes of all files are there (`presence`), or were read and are right (`bytes`).

    The lists name at most 1,000 files each; `problems` counts all of them. `broken` are pointers that
    cannot be read. Units: `size` in bytes.
    """

    commit: str
    files: int
    size: int
    missing: Sequence[Entry]
    wrong_size: Sequence[Entry]
    damaged: Sequence[Entry]
    broken: Sequence[Entry]
    problems: int
    checked_at: datetime | None
    level: str

    @property
    def ok(self) -> bool:
        """Whether nothing is missing or wrong."""
        return self.problems == 0

    @classmethod
    def parse(cls, row: Json) -> Verification:
        """Read `…/verification`, or the result of its job."""
        missing, wrong_size, damaged, broken = (
            tuple(_side(one, one["path"]) for one in row[name])
            for name in ("missing", "wrong_size", "damaged", "broken")
        )
        return cls(
            commit=row["commit"],
            files=row["files"],
            size=row["bytes"],
            missing=missing,
            wrong_size=wrong_size,
            damaged=damaged,
            broken=broken,
            problems=sum(row["counts"].values()),
            checked_at=moment(row["checked_at"]),
            level=row["level"],
        )


@dataclass(frozen=True, slots=True)
class ArchiveRequest:
    """Which files of which revision, and how they come: the data, or the pointers for DVC."""

    dataset_id: int
    ref: str | None = None
    paths: Sequence[str] = ()
    glob: str = ""
    form: Literal["tar", "zip"] = "tar"
    content: Literal["data", "pointers"] = "data"


@dataclass(frozen=True, slots=True)
class Archived:
    """An archive that is whole.

    Units:   size in bytes.
    """

    commit: str
    path: Path
    size: int


def moment(text: str | None) -> datetime | None:
    """Read a time in ISO 8601."""
    return datetime.fromisoformat(text) if text else None


def _side(row: Json, path: str) -> Entry:
    return Entry(path, "file", row.get("size"), row.get("md5"), row.get("stored"))
