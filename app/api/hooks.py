"""What GitLab tells by itself. A hint, never a fact: it only shortens how long we believe what we knew."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from flask import Blueprint, Response, request

from app.bodies import read_json
from app.shell import shell
from core.errors import Invalid, TooLarge, Unauthenticated
from core.model.names import DatasetId

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")

_MAX_BODY_BYTES = 4 * 1024 * 1024


@blueprint.post("/gitlab")
def gitlab() -> Response:
    """Take a push, tag, project or member event of a project or of the whole GitLab."""
    sent = request.headers.get("X-Gitlab-Token", "")
    if not hmac.compare_digest(sent.encode(), shell().settings.hook_token.reveal().encode()):
        raise Unauthenticated("X-Gitlab-Token is not the hook token of this Labset.")
    number = _project_of(_read_event())
    if number is not None:
        shell().services.note_change(DatasetId(number))
    return Response(status=HTTPStatus.NO_CONTENT)


def _read_event() -> dict[str, object]:
    if (request.content_length or 0) > _MAX_BODY_BYTES:
        raise TooLarge(f"An event has at most {_MAX_BODY_BYTES} bytes.")
    event = read_json(_MAX_BODY_BYTES)
    if not isinstance(event, dict):
        raise Invalid("An event is a JSON object.")
    return event


def _project_of(event: dict[str, object]) -> int | None:
    """Return the project's number, wherever this kind of event has it."""
    number = event.get("project_id")
    project = event.get("project")
    if number is None and isinstance(project, dict):
        number = project.get("id")
    return number if isinstance(number, int) and number > 0 else None
