"""How gunicorn serves Labset: `gunicorn wsgi:app` in the checkout finds this by itself.

Threads, because long streams would hold whole processes; no preloading, because databases, mirrors and
stores open after the fork. The worker is our own (app/serving); nothing of ours is imported here, since the
checkout is not yet on the path. Every setting can be given again on the command line.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('LABSET_BIND') or '127.0.0.1'}:{os.environ.get('LABSET_PORT') or 8000}"
workers = int(os.environ.get("LABSET_WEB_PROCESSES") or 2)
threads = int(os.environ.get("LABSET_WEB_THREADS") or 32)
preload_app = False

timeout = 60  # seconds without a sign of life of a process; requests may take longer
graceful_timeout = 10
keepalive = 75  # longer than what proxies in front keep, so that they close first

limit_request_line = 8190  # a path of 1,024 bytes, percent-encoded, and a query
limit_request_field_size = 16_380  # OAuth tokens can be long
control_socket_disable = True  # it would lie in the home of whoever runs it
pythonpath = str(Path(__file__).parent)  # where the worker class is found
worker_class = "app.serving.patient_worker.PatientWorker"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's heartbeat files

accesslog = None  # LABSET_ACCESS_LOG=1 writes our own lines, without secrets
errorlog = "-"

# A client that neither sends nor takes a byte for so long gives its thread back.
_SILENT_SECONDS = 60
_MALLOPT = {-8: 4, -3: 8 * 1024 * 1024, -1: 16 * 1024 * 1024}  # M_ARENA_MAX, MMAP_, TRIM_THRESHOLD


def post_fork(_server: Any, _worker: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types for it
    """Let glibc give large freed blocks back: by itself it keeps up to 64 MiB for each thread."""
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is None:  # another C library
        return
    for option, value in _MALLOPT.items():
        choose(option, value)


def on_starting(_server: Any) -> None:  # noqa: ANN401 - gunicorn publishes no type for it
    """Begin new counters, before any process counts."""
    home = Path(os.environ.get("LABSET_HOME") or "var").resolve()
    shutil.rmtree(home / "metrics", ignore_errors=True)


def when_ready(server: Any) -> None:  # noqa: ANN401 - as above
    """Bound every wait for a client; connections inherit it from the socket that accepts them."""
    limit = struct.pack("ll", _SILENT_SECONDS, 0)
    for listener in server.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, option, limit)
