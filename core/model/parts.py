"""Large files on their way in: kept in parts at the site until the whole is proven and gets its name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model.names import FilePath

PART_BYTES = 8 * 1024 * 1024
MAX_PARTS = 10_000  # as many as S3 allows
MIN_MULTIPART_BYTES = 64 * 1024 * 1024
MAX_BUFFERED_PART_BYTES = 64 * 1024 * 1024
MAX_RESUMABLE_BYTES = MAX_PARTS * MAX_BUFFERED_PART_BYTES
PROVING_LEASE = timedelta(seconds=12)
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PartPlan:
    """How a file is cut: all parts but the last are alike and as small as the site's rules allow."""

    size_bytes: int
    part_bytes: int

    @property
    def count(self) -> int:
        """How many parts there are; at least one."""
        return max(1, -(-self.size_bytes // self.part_bytes))

    def bytes_of(self, number: int) -> int:
        """Return the size of a part; parts count from 1."""
        return min(self.part_bytes, self.size_bytes - (number - 1) * self.part_bytes)

    def has(self, number: int) -> bool:
        """Whether there is such a part."""
        return 1 <= number <= self.count

    def missing(self, present: Collection[int], limit: int) -> list[int]:
        """Return the first parts that are not among `present`."""
        found: list[int] = []
        for number in range(1, self.count + 1):
            if len(found) == limit:
                break
            if number not in present:
                found.append(number)
        return found


def plan_parts(size_bytes: int) -> PartPlan:
    """Cut a file into parts of 8 MiB, or into at most 10,000 of whole MiB."""
    fewest_bytes = -(-size_bytes // MAX_PARTS)
    return PartPlan(size_bytes, max(PART_BYTES, -(-fewest_bytes // _MIB) * _MIB))


@dataclass(frozen=True, slots=True)
class Staging:
    """Where bytes without a name lie: a temporary key; its multipart upload, where the site has such."""

    key: str
    multipart_id: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One whole part at the site. `etag` is what the site calls it."""

    number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What of a staged file is at the site.

    `received_bytes` counts from the file's begin without a gap. `is_joined`: the parts were made one
    object already.
    """

    parts: Sequence[Part]
    received_bytes: int
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file of a session whose bytes lie in parts at the site.

    `proving_until` is set while some process reads them back. `problem` says why they were refused
    (its code is `problem_code`); they are gone then.
    """

    path: FilePath
    staging: Staging
    proving_until: datetime | None = None
    problem: str | None = None
    problem_code: str | None = None

    def is_being_proven(self, now: datetime) -> bool:
        """Whether somebody is at it."""
        return self.proving_until is not None and self.proving_until > now
