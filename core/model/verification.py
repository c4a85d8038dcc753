"""Whether all bytes that a revision names are on their site, and right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from core.model.names import DatasetId, FilePath, Md5, Revision

MAX_LISTED_PROBLEMS = 1000

Sort = Literal["missing", "wrong_size", "damaged", "broken"]

_SORTS: tuple[Sort, ...] = ("missing", "wrong_size", "damaged", "broken")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified: one revision of a dataset."""

    dataset_id: DatasetId
    revision: Revision

    def __str__(self) -> str:
        return f"{self.dataset_id}@{self.revision}"

    @classmethod
    def parse(cls, text: str) -> Subject:
        """Read what `str` wrote."""
        number, _, sha = text.partition("@")
        return cls(DatasetId(int(number)), Revision(sha))


@dataclass(frozen=True, slots=True)
class Problem:
    """One file that cannot be had as its pointer says; `says` is why a pointer cannot be read."""

    path: FilePath
    md5: Md5 | None = None
    size_bytes: int | None = None
    says: str | None = None

    def told(self) -> dict[str, object]:
        """Return it as the outside sees it."""
        if self.says is not None:
            return {"path": self.path.text, "problem": self.says}
        md5 = str(self.md5) if self.md5 else None
        return {"path": self.path.text, "md5": md5, "size": self.size_bytes}


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found of a revision's files.

    `level`: `presence` asked the site what it holds and how long it is, `bytes` read all of it.
    Missing: not there. Wrong size: of another length than the pointer says. Damaged: other bytes.
    Broken: the pointer itself cannot be read.
    """

    subject: Subject
    level: Literal["presence", "bytes"]
    files: int
    size_bytes: int
    checked_at: datetime
    problems: Mapping[Sort, tuple[Problem, ...]] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """Return it as the outside sees it: lists of at most 1,000, and how long they really are."""
        lists = {sort: self.problems.get(sort, ()) for sort in _SORTS}
        return {
            "commit": self.subject.revision.sha,
            "level": self.level,
            "ok": not any(lists.values()),
            "files": self.files,
            "bytes": self.size_bytes,
            **{sort: _told(found) for sort, found in lists.items()},
            "counts": {sort: len(found) for sort, found in lists.items()},
            "truncated": any(len(found) > MAX_LISTED_PROBLEMS for found in lists.values()),
            "checked_at": _moment(self.checked_at),
        }


def _told(found: Iterable[Problem]) -> list[dict[str, object]]:
    return [problem.told() for problem, _ in zip(found, range(MAX_LISTED_PROBLEMS), strict=False)]


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
