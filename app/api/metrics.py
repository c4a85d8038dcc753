"""Counters for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Tell how many answers there were, and how long they took."""
    return Response(
        current_app.extensions["labset.counts"]().text(),
        content_type="text/plain; version=0.0.4; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
