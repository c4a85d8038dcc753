"""`/application/settings`: those settings of the server that this look-alike follows."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from devstack.gitlab.errors import invalid
from devstack.gitlab.identity import require_admin
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.settings import DEFAULTS, change_settings, server_settings

blueprint = Blueprint("settings", __name__)

_KINDS = {bool: "boolean", int: "integer"}
_FIELDS = tuple(Field(name, _KINDS.get(type(value), "string")) for name, value in DEFAULTS.items())


@blueprint.get("/application/settings")
def show() -> Response:
    """Answer the settings (administrators)."""
    require_admin()
    return jsonify({"id": 1, **server_settings(here().database)})


@blueprint.put("/application/settings")
def change() -> Response:
    """Change some of them (administrators)."""
    require_admin()
    given = read(*_FIELDS, at_least_one=DEFAULTS)
    wrong = {
        name: ["must be greater than 0"]
        for name, value in given.items()
        if name.endswith(("_per_period", "_in_seconds")) and (value or 0) < 1
    }
    if wrong:
        raise invalid(**wrong)
    change_settings(here().database, given)
    return show()
