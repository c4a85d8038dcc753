"""What an asset database that runs alone answers beside the routes of assets and registry."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from app.api import health, metrics
from app.assets_alone.description import describe_served
from app.assets_alone.wiring import Alone
from app.caller import asset_house

EXTENSION = "labset.alone"
_DESCRIPTION = "labset.alone.description"

blueprint = Blueprint("alone", __name__)
blueprint.get("/health")(health.alive)
blueprint.get("/metrics")(metrics.metrics)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """Say what this is, to people who came by its address."""
    return render_template("start.html", rules=asset_house().rules)


@blueprint.get("/api/v1/health")
def parts() -> ResponseReturnValue:
    """Say of each part whether it answers and how fast: 200 if all do, else 503."""
    found = _alone().probes.ask()
    broken = [name for name, part in found.items() if not part.ok]
    response = jsonify(
        {
            "success": not broken,
            "message": f"not well: {', '.join(broken)}" if broken else "healthy",
            "parts": {name: health.dressed(part) for name, part in found.items()},
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return response, HTTPStatus.SERVICE_UNAVAILABLE if broken else HTTPStatus.OK


@blueprint.get("/api/v1/openapi.json")
def description() -> Response:
    """Describe the routes that are served here."""
    kept = current_app.extensions
    if _DESCRIPTION not in kept:
        kept[_DESCRIPTION] = describe_served(current_app, asset_house().rules.base_url)
    return Response(kept[_DESCRIPTION], mimetype="application/json")


def _alone() -> Alone:
    return cast("Alone", current_app.extensions[EXTENSION])
