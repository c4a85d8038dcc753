"""Long work: Celery's message only wakes; what is to be done and how far it is stands in the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery
from kombu import Queue
from kombu.exceptions import OperationalError

import app.broker  # noqa: F401 - registers the embedded transport
from app.settings import EMBEDDED_BROKER, Settings
from core.errors import LabsetError, Unavailable
from core.model.jobs import LEASE, Job, JobState
from core.ports import Platform

_log = logging.getLogger("labset.jobs")
QUEUE = "labset"
RUN_JOB = "labset.run_job"
_POLLING_SECONDS = 0.2

Work = Callable[[Platform, Job], Mapping[str, object]]
"""One use case as a job: does it, saves progress on the way, returns the result."""


def make_celery(settings: Settings) -> Celery:
    """Return a Celery application that only sends; `app.worker` adds the tasks."""
    celery = Celery("labset", set_as_current=False)
    celery.conf.update(
        broker_url=settings.broker_url,
        broker_transport_options=_transport_options(settings),
        broker_connection_retry_on_startup=True,
        task_queues=[Queue(QUEUE)],
        task_default_queue=QUEUE,
        task_default_exchange="",
        task_default_routing_key=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        enable_utc=True,
    )
    return celery


def make_wake(celery: Celery) -> Callable[[str], None]:
    """Return what tells the workers that a job waits; a lost message costs seconds, not the job."""

    def wake(job_id: str) -> None:
        try:
            celery.send_task(RUN_JOB, args=[job_id], queue=QUEUE, retry=False)
        except (OSError, OperationalError) as problem:
            _log.warning("job %s waits for the reconciler: %s", job_id, type(problem).__name__)

    return wake


def count_messages(celery: Celery) -> int:
    """Return how many messages no worker has taken yet."""
    with celery.connection_for_write() as connection, connection.channel() as channel:
        declared: Any = Queue(QUEUE)(channel).queue_declare()
        return int(declared.message_count)


def run_job(platform: Platform, work: Mapping[str, Work], job_id: str) -> None:
    """Do a job if it still waits, and record how it ended.

    One that fails because something does not answer keeps its lease and is taken again when that
    has run out, as often as the ledger allows.
    """
    now = platform.clock.now()
    job = platform.jobs.claim_job(job_id, now, now + LEASE)
    if job is None:
        return
    try:
        result = work[job.kind](platform, job)
    except Unavailable as error:
        _log.warning("job %s (%s) waits: %s", job_id, job.kind, error.message)
    except LabsetError as error:
        platform.jobs.end_job(
            job_id, JobState.FAILED, message=error.message, result={"error": error.code}
        )
    except Exception:  # noqa: BLE001 - a job must end; logged, and told
        _log.exception("job %s (%s) failed", job_id, job.kind)
        message = f"Something went wrong here. Whoever runs this Labset finds it as job {job_id}."
        platform.jobs.end_job(
            job_id, JobState.FAILED, message=message, result={"error": "internal"}
        )
    else:
        platform.jobs.end_job(job_id, JobState.DONE, message="", result=result)


def _transport_options(settings: Settings) -> dict[str, object]:
    if not settings.broker_url.startswith(EMBEDDED_BROKER):
        return {}
    folder = settings.home / "broker"
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
        "polling_interval": _POLLING_SECONDS,
    }
