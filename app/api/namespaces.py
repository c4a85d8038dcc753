"""Where the caller may create datasets and sites."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.api import shapes
from app.caller import actor, platform
from core.usecases.datasets import list_namespaces

blueprint = Blueprint("api_namespaces", __name__, url_prefix="/api/v1/namespaces")


@blueprint.get("")
def namespaces() -> ResponseReturnValue:
    """List them, the caller's own first."""
    return jsonify([shapes.namespace(one) for one in list_namespaces(platform(), actor())])
