"""One Flask application with the routes of assets and registry alone."""

from __future__ import annotations

from flask import Flask

from app.api.assets import entries, objects, registry
from app.assets_alone import routes
from app.assets_alone.foreign_pages import register_foreign_pages_check
from app.assets_alone.settings import AloneSettings
from app.assets_alone.wiring import Alone
from app.bodies import register_body_limits
from app.connections import register_connections
from app.errors import register_errors
from app.flask_app import TEMPLATES, new_flask
from app.headers import register_headers
from app.logs import register_access_log
from app.metrics import register_metrics
from app.proxies import TrustedProxies
from app.shell import ASSETS
from app.static_files import register_static_files
from app.urls import register_url_check

BLUEPRINTS = (
    entries.blueprint,
    objects.blueprint,
    registry.blueprint,
    routes.blueprint,
)


def create_app_alone(settings: AloneSettings, alone: Alone) -> Flask:
    """Return the application over what was opened: routes, errors, headers; no pages, no log-ins."""
    app = new_flask(TEMPLATES / "assets_alone")
    app.extensions[ASSETS] = alone.house
    app.extensions[routes.EXTENSION] = alone
    register_metrics(app, settings.home)
    if settings.access_log:
        register_access_log(app)
    register_body_limits(app)
    register_url_check(app)
    register_foreign_pages_check(app, settings.base_url, is_open=settings.is_open)
    register_errors(app)
    register_headers(app, is_https=settings.is_https)
    register_connections(app)
    register_static_files(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign] # as Flask documents
    return app
