"""How gunicorn serves Labset: `gunicorn wsgi:app` in the checkout finds this by itself.

Threads, because long streams would hold whole processes; no preloading, because databases, mirrors and
stores open after the fork. Nothing of ours is imported here: the checkout is not yet on the path. Every
setting can be given again on the command line.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.workers import gthread

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
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn's heartbeat files

accesslog = None  # LABSET_ACCESS_LOG=1 writes our own lines, without secrets
errorlog = "-"


def pre_request(_worker: Any, message: Any) -> None:  # noqa: ANN401 - gunicorn publishes no type for them
    """Let the application say that a connection ends, for a body that it leaves (app/connections.py)."""
    if message.body is not None:
        message.body.message = message


_WAIT_FOR_MORE = vars(gthread)["_DEFER"]  # gunicorn's own word for it, which it keeps to itself
_HEAD_SECONDS = 30.0
_UNREAD_SECONDS = 1.0
_CLOSERS = 64  # for two seconds at most each; what ends beyond them is cut
_LONGEST_HEAD_BYTES = 64 * 1024
_SILENT_SECONDS = (
    60  # a client that neither sends nor takes a byte for so long gives its thread back
)


class PatientWorker(gthread.ThreadWorker):
    """Gives a request a thread only once its head is here: who sends it byte by byte holds none."""

    def handle(self, conn: Any) -> Any:  # noqa: ANN401 - gunicorn publishes no types for it
        """Serve a connection, or put it back among those that wait for more to arrive."""
        if self.cfg.is_ssl or (conn.parser is not None and conn.parser.unreader.buf.getvalue()):
            return super().handle(conn)
        try:
            head = conn.sock.recv(_LONGEST_HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            is_whole = not head or b"\r\n\r\n" in head or len(head) == _LONGEST_HEAD_BYTES
        except BlockingIOError:
            head, is_whole = b"", False
        except OSError:
            return False
        known = conn.__dict__
        known["close"] = partial(self._close, conn)
        if is_whole:
            known.pop("head_began_at", None)
            known.pop("head_bytes", None)
            conn.data_ready = True
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return super().handle(conn)
        waited_seconds = time.monotonic() - known.setdefault("head_began_at", time.monotonic())
        if waited_seconds > _HEAD_SECONDS or (head and known.get("head_bytes") == len(head)):
            return False  # woken without a further byte: the client has hung up
        known["head_bytes"] = len(head)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(head) + 1)
        return _WAIT_FOR_MORE

    def init_process(self) -> None:
        """Begin with threads that end connections: gunicorn's one loop would wait for each of them."""
        self._closing = ThreadPoolExecutor(_CLOSERS, thread_name_prefix="closing")
        self._closing_places = threading.Semaphore(_CLOSERS)
        super().init_process()

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:  # noqa: ANN401 - as above
        """Say whether a connection serves on: not, if its client is slow to send what nobody reads."""
        deadline = time.monotonic() + _UNREAD_SECONDS
        return bool(keepalive) and bool(conn.parser.finish_body(deadline=deadline))

    def _close(self, conn: Any, *, graceful: bool = False) -> None:  # noqa: ANN401 - as above
        """End a connection so that its last answer arrives, without waiting for it here."""
        if not (graceful and self._closing_places.acquire(blocking=False)):
            util.close(conn.sock)
            return
        conn.sock.setblocking(True)  # noqa: FBT003 - as sockets have it
        ended = self._closing.submit(util.close_graceful, conn.sock)
        ended.add_done_callback(lambda _: self._closing_places.release())


worker_class = PatientWorker

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
