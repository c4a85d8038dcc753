"""Long work: how far it is, once or as it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from flask import Blueprint, Response, jsonify

from app.api import shapes
from app.caller import actor, platform
from core.model.access import Actor
from core.model.jobs import Job, JobState
from core.ports import Platform
from core.usecases.jobs.showing import show_job

blueprint = Blueprint("api_jobs", __name__, url_prefix="/api/v1/jobs")

_ENDED = frozenset({JobState.DONE, JobState.FAILED})
_LOOK_EVERY_SECONDS = 0.5
_LONGEST = timedelta(seconds=60)  # a stream holds one of our threads; browsers come back


@blueprint.get("/<job_id>")
def show(job_id: str) -> Response:
    """Say how far a job of the caller is."""
    response = jsonify(shapes.job(show_job(platform(), actor(), job_id)))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<job_id>/events")
def events(job_id: str) -> Response:
    """Send the job whenever it has changed, until it has ended (server-sent events)."""
    first = show_job(platform(), actor(), job_id)
    response = Response(_follow(platform(), actor(), first), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _follow(where: Platform, who: Actor, job: Job) -> Iterator[str]:
    """Yield the job now and after each change; whose it is is asked again every time."""
    give_up_at = where.clock.now() + _LONGEST
    yield f"retry: 1000\n{_event(job)}"
    while job.state not in _ENDED and where.clock.now() < give_up_at:
        where.clock.sleep(_LOOK_EVERY_SECONDS)
        current = show_job(where, who, job.id)
        yield _event(current) if current != job else ": still here\n\n"
        job = current


def _event(job: Job) -> str:
    return f"data: {json.dumps(shapes.job(job))}\n\n"
