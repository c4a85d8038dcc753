"""The description of the API, for programs and as a page."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from ruamel.yaml import YAML

blueprint = Blueprint("openapi", __name__)

_PLACE = Path(__file__).with_name("openapi.yaml")


@blueprint.get("/api/v1/openapi.json")
def description() -> Response:
    """Describe every route."""
    return Response(description_text(), mimetype="application/json")


@blueprint.get("/api/docs")
def docs() -> ResponseReturnValue:
    """Show the description as a page to browse and try."""
    return render_template("api/docs.html")


@cache
def description_text() -> str:
    """Return the description as JSON; read once."""
    return json.dumps(YAML(typ="safe").load(_PLACE))
