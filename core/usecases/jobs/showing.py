"""Look at long work."""

from __future__ import annotations

from core.errors import NotFound
from core.model.access import Actor
from core.model.jobs import Job
from core.ports import Platform
from core.usecases.jobs.verification import KIND as VERIFICATION
from core.usecases.jobs.verification import check_may_see_verification


def show_job(platform: Platform, actor: Actor, job_id: str) -> Job:
    """Return a job to whoever started it; a verification to whoever may read there now."""
    person = platform.directory.read_person(actor)
    job = platform.jobs.find_job(job_id)
    if job is not None and job.kind == VERIFICATION:
        check_may_see_verification(platform, actor, job)
    elif job is None or job.owner != person.username:
        raise NotFound("There is no such job of yours.", code="job_not_found")
    return job
