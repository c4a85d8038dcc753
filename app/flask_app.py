"""What Flask does differently here: its JSON, its addresses, its forms, its templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined
from werkzeug.routing import IntegerConverter

from app.form_files import FormRequest
from app.urls import Whole

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


class _Json(DefaultJSONProvider):
    """JSON in the order in which it was written, in UTF-8, without blanks."""

    sort_keys = False
    ensure_ascii = False
    compact = True


class _Id(IntegerConverter):
    """A GitLab id: of a length that every database and parser takes."""

    regex = r"[1-9][0-9]{0,17}"


class _Labset(Flask):
    json_provider_class = _Json
    request_class = FormRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func`: nothing here is async, and asking each time costs 10 µs a request."""
        return func


def new_flask(templates: Path) -> Flask:
    """Return an application without routes, whose pages lie in a folder."""
    app = _Labset("app", template_folder=str(templates))
    # werkzeug would answer these with a redirect that repeats the Host header
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["int"] = _Id
    app.url_map.converters["whole"] = Whole
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    return app
