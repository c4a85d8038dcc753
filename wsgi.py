"""Builds the platform from the environment, then the Flask application: `gunicorn wsgi:app`."""

from __future__ import annotations

import os

from app.factory import create_app
from app.logs import set_up_logging
from app.settings import read_settings
from app.wiring import open_services

set_up_logging()
_settings = read_settings(os.environ)
app = create_app(_settings, open_services(_settings))
