"""The application as gunicorn loads it in each of its processes: `gunicorn app.assets_alone.wsgi:app`."""

from __future__ import annotations

import os
import threading

from app.assets_alone.factory import create_app_alone
from app.assets_alone.settings import read_alone_settings
from app.assets_alone.wiring import open_alone
from app.logs import set_up_logging

set_up_logging()
_settings = read_alone_settings(os.environ)
_alone = open_alone(_settings)
app = create_app_alone(_settings, _alone)
_alone.upkeep.start(threading.Event())
