"""Long work as a row of the ledger: the row is the truth, the broker's message only wakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work: `kind` names the verb, `subject` the thing it is about."""

    id: str
    kind: str
    subject: str
    owner: str
    state: JobState
    created_at: datetime
    done: int = 0
    total: int = 0
    unit: str = ""
    message: str = ""
    result: Mapping[str, object] = field(default_factory=dict)
    attempts: int = 0
    lease_until: datetime | None = None
