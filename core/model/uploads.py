"""Upload sessions: many files on their way to one commit, as one state machine.

`open → receiving → committing → committed | failed`; `unknown` while the owner's credential is dead.
What the issue of verification needs is no state of its own: it is asked anew at every commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import Conflict, Invalid
from core.model.access import Secret
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, UploadId

LIFETIME = timedelta(hours=24)
COMMIT_LEASE = timedelta(seconds=25)
MAX_FILES = 20_000
MAX_SESSION_TEXT_BYTES = 64 * 1024 * 1024  # they pass through memory, several times


class UploadState(StrEnum):
    """Where a session stands."""

    OPEN = "open"
    RECEIVING = "receiving"
    COMMITTING = "committing"
    COMMITTED = "committed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UploadFile:
    """One announced file. `received` once its bytes were stored and verified.

    `git_candidate`: name, size and history allow it to lie in git; the bytes have the last word.
    `text` holds the bytes of a small text that will lie in git; they wait in the ledger.
    `unchanged`: the base revision holds the same bytes under this path; nothing to do.
    """

    path: FilePath
    size_bytes: int
    md5: Md5
    git_candidate: bool = False
    received: bool = False
    text: bytes | None = None
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class UploadSession:
    """Many files on their way to one commit.

    `owner_id` is the GitLab user's id. `token` is kept encrypted until the session ends.
    `lease_until` is set while some process commits. `base` is the tip that the person saw (of the
    default branch, where `branch` does not exist yet), None in an empty repository. `files` counts.
    `multipart`: the client wants links to the parts of large files.
    """

    id: UploadId
    dataset_id: DatasetId
    owner_id: int
    token: Secret | None
    author_name: str
    author_email: str
    branch: Ref
    message: str
    base: Revision | None
    state: UploadState
    created_at: datetime
    expires_at: datetime
    files: int
    reason: str | None = None
    revision: Revision | None = None
    lease_until: datetime | None = None
    multipart: bool = False

    @property
    def is_receiving(self) -> bool:
        """Whether bytes are still taken, as far as the state says."""
        return self.state in {UploadState.OPEN, UploadState.RECEIVING}

    def check_receives(self, now: datetime) -> None:
        """Refuse bytes that come too late."""
        if not self.is_receiving:
            raise Conflict(
                f"This upload is {self.state.value} and takes no more files; begin a new one.",
                code="upload_closed",
            )
        if now >= self.expires_at:
            raise Conflict(
                "This upload has expired; begin a new one: what was stored is not sent again.",
                code="upload_expired",
            )


@dataclass(frozen=True, slots=True)
class Announced:
    """One file as the client announces it."""

    path: FilePath
    size_bytes: int
    md5: Md5

    def __post_init__(self) -> None:
        if self.size_bytes < 0:
            raise Invalid(
                f"The size of {self.path} is negative.",
                details={"path": str(self.path)},
            )
