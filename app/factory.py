"""One Flask application, put together."""

from __future__ import annotations

import logging

from flask import Flask

from app import api, pages
from app.bodies import register_body_limits
from app.connections import register_connections
from app.csrf import register_csrf
from app.errors import register_errors
from app.flask_app import TEMPLATES, new_flask
from app.headers import register_headers
from app.login import register_login
from app.logs import register_access_log
from app.metrics import register_metrics
from app.proxies import TrustedProxies
from app.settings import Settings
from app.shell import ASSETS, EXTENSION, Services, make_shell
from app.static_files import register_static_files
from app.urls import register_url_check

_log = logging.getLogger("labset.start")


def create_app(settings: Settings, services: Services) -> Flask:
    """Return the application over `services`: routes, errors, headers."""
    app = new_flask(TEMPLATES)
    app.secret_key = settings.derive_key("flask").hex()
    app.extensions[EXTENSION] = make_shell(settings, services)
    app.extensions[ASSETS] = services.assets
    _name_cookies(app, settings)
    register_metrics(app, settings.home)
    if settings.access_log:
        register_access_log(app)
    register_body_limits(app)
    register_url_check(app)
    register_csrf(app)
    register_errors(app)
    register_headers(app, is_https=settings.is_https, gitlab_url=settings.gitlab_url)
    register_connections(app)
    register_static_files(app)
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
