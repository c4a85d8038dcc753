"""The notice of what DVC was refused, once it was read."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from app.caller import actor, platform
from core.model.names import DatasetId
from core.usecases.access.refusals import dismiss_refusal

blueprint = Blueprint("refusals", __name__, url_prefix="/datasets/<int:dataset_id>")


@blueprint.post("/last-refusal/dismiss")
def dismiss(dataset_id: int) -> ResponseReturnValue:
    """Forget the refusal and show the files."""
    dismiss_refusal(platform(), actor(), DatasetId(dataset_id))
    return redirect(url_for("files.root", dataset_id=dataset_id), HTTPStatus.SEE_OTHER)
