"""Long work: what is asked for, who is at it, how far it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Invalid, NotFound
from core.model.jobs import Job, JobState
from ledger.database import AnyRow, Database
from ledger.tables import jobs

_ENDED = (JobState.DONE, JobState.FAILED)

_IS_ONE = jobs.c.id == bindparam("job")
_IS_RUNNING = jobs.c.state == JobState.RUNNING.value
_WAITS = or_(
    jobs.c.state == JobState.QUEUED.value,
    and_(_IS_RUNNING, or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= bindparam("now"))),
)
_FIND = select(jobs).where(_IS_ONE)
_FIND_NEWEST = (
    select(jobs)
    .where(jobs.c.kind == bindparam("what"), jobs.c.subject == bindparam("about"))
    .order_by(jobs.c.created_at.desc())
    .limit(1)
)
_CLAIM = (
    update(jobs)
    .where(_IS_ONE, _WAITS)
    .values(
        state=JobState.RUNNING.value,
        attempts=jobs.c.attempts + 1,
        lease_until=bindparam("until"),
    )
    .returning(jobs)
)
_SAVE_PROGRESS = (
    update(jobs)
    .where(_IS_ONE, _IS_RUNNING)
    .values(
        done=bindparam("so_far"),
        total=bindparam("in_all"),
        message=bindparam("sentence"),
        lease_until=bindparam("until"),
    )
)
_END = (
    update(jobs)
    .where(_IS_ONE, jobs.c.state.not_in([state.value for state in _ENDED]))
    .values(
        state=bindparam("next_state"),
        message=bindparam("sentence"),
        result=bindparam("outcome"),
        lease_until=None,
    )
)
_READ_STATE = select(jobs.c.state).where(_IS_ONE)
_LIST_WAITING = select(jobs).where(_WAITS).order_by(jobs.c.created_at)


class SqlJobRecords:
    """`JobRecords` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_job(self, job: Job) -> None:
        """Keep a new job.

        Raises:  Conflict, if there is one of that id.
        """
        try:
            with self._database.writing() as connection:
                connection.execute(insert(jobs), _row_of(job))
        except IntegrityError as error:
            raise Conflict("There is a job of that id.") from error

    def find_job(self, job_id: str) -> Job | None:
        """Return a job."""
        with self._database.reading() as connection:
            row = connection.execute(_FIND, {"job": job_id}).first()
        return None if row is None else _job_of(row)

    def find_newest_job(self, kind: str, subject: str) -> Job | None:
        """Return the job of that kind and subject that was asked for last."""
        with self._database.reading() as connection:
            row = connection.execute(_FIND_NEWEST, {"what": kind, "about": subject}).first()
        return None if row is None else _job_of(row)

    def claim_job(self, job_id: str, now: datetime, lease_until: datetime) -> Job | None:
        """Take a queued job, or a running one with a dead lease; None if there is nothing to do."""
        with self._database.writing() as connection:
            row = connection.execute(
                _CLAIM, {"job": job_id, "now": now, "until": lease_until}
            ).first()
        return None if row is None else _job_of(row)

    def save_progress(
        self, job_id: str, *, done: int, total: int, message: str, lease_until: datetime
    ) -> None:
        """Keep how far it is, and the lease alive.

        Raises:  Conflict (`job_not_running`), if it has ended meanwhile: stop; NotFound.
        """
        values = {"job": job_id, "so_far": done, "in_all": total, "until": lease_until}
        with self._database.writing() as connection:
            changed = connection.execute(_SAVE_PROGRESS, {**values, "sentence": message})
            if changed.rowcount == 0:
                raise _not_running(connection, job_id)

    def end_job(
        self, job_id: str, state: JobState, *, message: str, result: Mapping[str, object]
    ) -> None:
        """Record the outcome, which is final.

        Raises:  Conflict (`job_not_running`), if it ended otherwise before; NotFound; Invalid, for
                 states that are no outcome.
        """
        if state not in _ENDED:
            raise Invalid(f"A job cannot end as {state.value}.")
        values = {"job": job_id, "next_state": state.value, "sentence": message}
        with self._database.writing() as connection:
            changed = connection.execute(_END, {**values, "outcome": json.dumps(dict(result))})
            if changed.rowcount == 0:
                found = connection.execute(_READ_STATE, {"job": job_id}).scalar_one_or_none()
                if found != state.value:
                    raise _not_running(connection, job_id)

    def list_waiting_jobs(self, now: datetime) -> Sequence[Job]:
        """Return what is queued or has a dead lease, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_LIST_WAITING, {"now": now}).all()
        return [_job_of(row) for row in rows]


def _not_running(connection: Connection, job_id: str) -> Conflict | NotFound:
    state = connection.execute(_READ_STATE, {"job": job_id}).scalar_one_or_none()
    if state is None:
        return NotFound("There is no such job.", code="job_not_found")
    return Conflict(
        f"This job is {state}, not running.", code="job_not_running", details={"state": state}
    )


def _row_of(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "subject": job.subject,
        "owner": job.owner,
        "state": job.state.value,
        "created_at": job.created_at,
        "done": job.done,
        "total": job.total,
        "unit": job.unit,
        "message": job.message,
        "result": json.dumps(dict(job.result)),
        "attempts": job.attempts,
        "lease_until": job.lease_until,
    }


def _job_of(row: AnyRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        owner=row.owner,
        state=JobState(row.state),
        created_at=row.created_at,
        done=row.done,
        total=row.total,
        unit=row.unit,
        message=row.message,
        result=json.loads(row.result),
        attempts=row.attempts,
        lease_until=row.lease_until,
    )
