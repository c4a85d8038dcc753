"""The web server: gunicorn inside this process, one worker with many threads, so that a lock is a lock."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import TYPE_CHECKING

from gunicorn.app.base import BaseApplication

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

THREADS = 32
_PR_SET_PDEATHSIG = 1
STOP_SECONDS = 2  # what runs longer after SIGTERM is cut off


def _die_with_parent(_arbiter: object, _worker: object) -> None:
    """Ask the kernel to end the worker when the process that started it is killed (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class WebServer(BaseApplication):
    """Serves one Flask application on one address until SIGTERM or SIGINT."""

    def __init__(self, app: Flask, *, bind: str, port: int, ready_file: Path | None) -> None:
        """Remember what to serve and where."""
        self._app = app
        self._address = f"{bind}:{port}"
        self._ready_file = ready_file
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn up."""
        options = {
            "bind": self._address,
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": 2000,
            "backlog": 2048,
            "timeout": 120,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 75,
            "limit_request_line": 8190,
            "limit_request_field_size": 16380,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_fork": _die_with_parent,
            "post_worker_init": self._tell_ready,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override] # the stubs want a looser callable than Flask is
        """Return the WSGI application."""
        return self._app

    def _tell_ready(self, _worker: object) -> None:
        if self._ready_file is not None:
            self._ready_file.write_text(f"http://{self._address}\n", encoding="utf-8")
