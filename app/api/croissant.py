"""A revision as Croissant 1.1: JSON-LD that dataset search understands and `mlcroissant` loads."""

from __future__ import annotations

import json

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app.api.arguments import ref_argument
from app.api.describing import describe
from app.api.sending import REVALIDATED, named
from app.caller import actor, platform
from app.shell import shell
from core.model.names import DatasetId
from core.usecases.exporting.croissant import make_card

blueprint = Blueprint(
    "api_croissant", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/croissant"
)


@blueprint.get("")
def croissant(dataset_id: int) -> ResponseReturnValue:
    """Describe a revision, its files and the columns of its tables."""
    card = make_card(platform(), actor(), DatasetId(dataset_id), ref_argument())
    described = describe(platform(), card, shell().settings.base_url)
    text = json.dumps(described, ensure_ascii=False, indent=2)
    response = Response(f"{text}\n", mimetype="application/ld+json")
    named(response, "croissant.json", "inline")
    response.headers["Cache-Control"] = REVALIDATED
    response.headers["X-Commit-Id"] = card.contents.revision.sha
    return response
