"""Whether Labset is there, and how its parts are."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from app.probes import Part
from app.shell import shell

blueprint = Blueprint("health", __name__)

_HEALTHY = b'{"success":true,"message":"healthy"}\n'
_NOT_VITAL = frozenset({"sites"})  # somebody's site may be down: the house still stands


@blueprint.get("/health")
def alive() -> Response:
    """Answer at once, whatever else stands still."""
    return Response(_HEALTHY, mimetype="application/json", headers={"Cache-Control": "no-store"})


@blueprint.get("/api/v1/health")
def parts() -> ResponseReturnValue:
    """Say of each part whether it answers and how fast: 200 if all vital ones do, else 503."""
    found = shell().probes.ask()
    broken = [name for name, part in found.items() if not part.ok and name not in _NOT_VITAL]
    response = jsonify(
        {
            "success": not broken,
            "message": f"not well: {', '.join(broken)}" if broken else "healthy",
            "parts": {name: dressed(part) for name, part in found.items()},
            "gitlab_url": shell().settings.gitlab_url,  # where people make their tokens
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return response, HTTPStatus.SERVICE_UNAVAILABLE if broken else HTTPStatus.OK


def dressed(part: Part) -> dict[str, object]:
    """Return what is told of a part."""
    latency = None if part.seconds is None else round(part.seconds * 1000, 1)
    return {
        "ok": part.ok,
        "message": part.message,
        "latency_ms": latency,
        **(part.facts or {}),
    }
