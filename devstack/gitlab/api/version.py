"""Version and metadata."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from devstack.gitlab.identity import current_user, require_scope
from devstack.gitlab.state import REVISION, VERSION

blueprint = Blueprint("version", __name__)


@blueprint.get("/version")
def version() -> Response:
    """Answer which GitLab this behaves like."""
    current_user()
    require_scope("api", "read_api", "read_user")
    return jsonify({"version": VERSION, "revision": REVISION})


@blueprint.get("/metadata")
def metadata() -> Response:
    """Answer the same with a little more."""
    current_user()
    require_scope("api", "read_api", "read_user")
    kas = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}
    return jsonify(
        {
            "version": VERSION,
            "revision": REVISION,
            "kas": kas,
            "enterprise": False,
        }
    )
