"""What the ledger keeps of work on its way: uploads and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.model.jobs import Job, JobState
from core.model.names import DatasetId, FilePath, Revision, UploadId
from core.model.uploads import UploadFile, UploadSession, UploadState


class UploadRecords(Protocol):
    """Upload sessions and their files; every method is one transaction."""

    def create_upload(self, session: UploadSession, files: Sequence[UploadFile]) -> None:
        """Keep a new session."""

    def find_upload(self, dataset_id: DatasetId, upload_id: UploadId) -> UploadSession | None:
        """Return a session of that dataset."""

    def find_upload_file(self, upload_id: UploadId, path: FilePath) -> UploadFile | None:
        """Return one announced file (without its text)."""

    def list_upload_files(self, upload_id: UploadId) -> Sequence[UploadFile]:
        """Return all files by path, texts included."""

    def mark_received(self, upload_id: UploadId, files: Sequence[UploadFile]) -> None:
        """Note files whose bytes are stored (with text, where it belongs in git).

        Moves `open` to `receiving`. Raises: Conflict, if the session no longer receives.
        """

    def begin_commit(
        self, upload_id: UploadId, now: datetime, lease_until: datetime
    ) -> UploadSession | None:
        """Move `open`, `receiving`, `unknown` (or `committing` with a dead lease) to `committing`.

        Returns None where another holds the lease or the session has ended.
        """

    def end_upload(
        self,
        upload_id: UploadId,
        state: UploadState,
        *,
        revision: Revision | None = None,
        reason: str | None = None,
    ) -> None:
        """Record the outcome; ended states drop token and texts; `receiving` reopens."""

    def release_commit(self, upload_id: UploadId) -> None:
        """Drop the lease of a commit whose outcome is not known: whoever comes next settles it."""

    def list_stale_uploads(self, now: datetime) -> Sequence[tuple[DatasetId, UploadId]]:
        """Return `committing` sessions with a dead lease, and open ones that have expired."""


class JobRecords(Protocol):
    """Long work."""

    def create_job(self, job: Job) -> None:
        """Keep a new job."""

    def find_job(self, job_id: str) -> Job | None:
        """Return a job."""

    def find_newest_job(self, kind: str, subject: str) -> Job | None:
        """Return the job of that kind and subject that was asked for last."""

    def claim_job(self, job_id: str, now: datetime, lease_until: datetime) -> Job | None:
        """Take a queued job, or a running one with a dead lease; None if there is nothing to do."""

    def save_progress(
        self, job_id: str, *, done: int, total: int, message: str, lease_until: datetime
    ) -> None:
        """Keep how far it is, and the lease alive."""

    def end_job(
        self,
        job_id: str,
        state: JobState,
        *,
        message: str,
        result: Mapping[str, object],
    ) -> None:
        """Record the outcome."""

    def list_waiting_jobs(self, now: datetime) -> Sequence[Job]:
        """Return what is queued or has a dead lease."""
