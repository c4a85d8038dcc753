"""Whether all bytes that a revision names are on their site, and right."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.api import shapes
from app.api.arguments import json_body, ref_argument
from app.caller import actor, platform
from app.shell import shell
from core.model.jobs import JobState
from core.model.names import DatasetId, Ref
from core.usecases.jobs.verification import check_presence, request_verification

blueprint = Blueprint(
    "api_verification", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/verification"
)


@blueprint.get("")
def show(dataset_id: int) -> ResponseReturnValue:
    """Say what the site holds now, and what the last reading of all bytes found."""
    found, job = check_presence(platform(), actor(), DatasetId(dataset_id), ref_argument())
    response = jsonify(found.told() | {"job": shapes.job(job) if job else None})
    response.headers["X-Commit-Id"] = found.subject.revision.sha
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("")
def start(dataset_id: int) -> ResponseReturnValue:
    """Have every byte of a revision read: 202 with the job."""
    ref = json_body().maybe_text("ref") if request.content_length else None
    job = request_verification(
        platform(), actor(), DatasetId(dataset_id), Ref(ref) if ref else ref_argument()
    )
    if job.state is JobState.QUEUED:
        shell().services.wake(job.id)
    response = jsonify({"job": shapes.job(job)})
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return response, HTTPStatus.ACCEPTED
