"""One Flask application, put together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined
from werkzeug.routing import IntegerConverter

from app import api, pages
from app.assets import register_assets
from app.bodies import register_body_limits
from app.connections import register_connections
from app.csrf import register_csrf
from app.errors import register_errors
from app.form_files import FormRequest
from app.headers import register_headers
from app.login import register_login
from app.logs import register_access_log
from app.metrics import register_metrics
from app.proxies import TrustedProxies
from app.settings import Settings
from app.shell import EXTENSION, Services, make_shell
from app.urls import Whole, register_url_check

_CHECKOUT = Path(__file__).resolve().parent.parent
_log = logging.getLogger("labset.start")


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


def create_app(settings: Settings, services: Services) -> Flask:
    """Return the application over `services`: routes, errors, headers."""
    app = _Labset("app", template_folder=str(_CHECKOUT / "templates"))
    app.secret_key = settings.derive_key("flask").hex()
    # werkzeug would answer these with a redirect that repeats the Host header
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.url_map.converters["int"] = _Id
    app.url_map.converters["whole"] = Whole
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions[EXTENSION] = make_shell(settings, services)
    _name_cookies(app, settings)
    register_metrics(app, settings.home)
    if settings.access_log:
        register_access_log(app)
    register_body_limits(app)
    register_url_check(app)
    register_csrf(app)
    register_errors(app)
    register_headers(app, settings)
    register_connections(app)
    register_assets(app)
    register_login(app)
    for blueprint in (*api.BLUEPRINTS, *pages.BLUEPRINTS):
        app.register_blueprint(blueprint)
    if settings.assets_open:
        _log.warning(
            "LABSET_ASSETS_OPEN=1: whoever reaches this server may upload and change assets without "
            "a token. Only a trusted network may."
        )
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign] # as Flask documents
    return app


def _name_cookies(app: Flask, settings: Settings) -> None:
    """Flask's own session carries one-time messages of pages, never a secret."""
    app.config.update(
        SESSION_COOKIE_NAME="labset_notes",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
