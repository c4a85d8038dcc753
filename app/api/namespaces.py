"""Where the caller may create datasets and sites."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.api import shapes
from app.api.arguments import page_arguments
from app.api.pagination import MOST_AT_ONCE, page_of, paged
from app.caller import actor, platform
from core.usecases.datasets.managing import list_namespaces

blueprint = Blueprint("api_namespaces", __name__, url_prefix="/api/v1/namespaces")


@blueprint.get("")
def namespaces() -> ResponseReturnValue:
    """List them, the caller's own first."""
    page = page_of(list_namespaces(platform(), actor()), *page_arguments(MOST_AT_ONCE))
    return paged([shapes.namespace(one) for one in page.items], page)
