"""How gunicorn serves Labset: `gunicorn wsgi:app` in the checkout finds this by itself.

Threads, because long streams would hold whole processes; no preloading, because databases, mirrors and
stores open after the fork. Nothing of ours is imported here: the checkout is not yet on the path. Every
setting can be given again on the command line.
"""

from __future__ import annotations

import ctypes
import os
import re
import select
import shutil
import socket
import ssl
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers import gthread
from gunicorn.workers.base import Worker

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
    """Watch how fast a body comes; let the application end the connection behind one that it leaves."""
    if message.body is not None:
        message.body.message = message  # for app/connections.py
        message.body.reader = WatchedBody(message.body.reader, message.unreader)


def post_request(_worker: Any, message: Any, _environ: Any, _response: Any) -> None:  # noqa: ANN401 - as above
    """Watch no longer: what comes next on this connection is another request."""
    if message.body is not None:
        message.body.reader.end()


_WAIT_FOR_MORE = vars(gthread)["_DEFER"]  # gunicorn's own word for it, which it keeps to itself
_HEAD_SECONDS = 30.0
_UNREAD_SECONDS = 1.0
_CLOSERS = 64  # for two seconds at most each; what ends beyond them is cut
_LONGEST_HEAD_BYTES = 64 * 1024
_SILENT_SECONDS = (
    60  # a client that neither sends nor takes a byte for so long gives its thread back
)

_PROMPT_SECONDS = 0.3  # a body for which a thread waits longer, beyond what it brings, is slow
_PROMPT_BYTES_PER_SECOND = 16 * 1024
_SLOW_SECONDS = 30.0  # the same, after which a slow one ends
_SLOWEST_BYTES_PER_SECOND = 1024
_slow_places = threading.BoundedSemaphore(max(1, threads * 3 // 4))
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_UNKNOWN_LENGTH = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)


class WatchedBody:
    """Reads the body of one request; ends one for which its thread would wait too long.

    Waiting uses up credit that bytes bring back. Without credit for a prompt body it is a slow one, of
    which three in four threads may be waiting; without credit for a slow one it ends. What takes time
    here is not counted.
    """

    def __init__(self, reader: Any, unreader: Any) -> None:  # noqa: ANN401 - as above
        self._reader = reader
        self._unreader = unreader
        self._receive = unreader.chunk
        self._prompt_seconds = _PROMPT_SECONDS
        self._slow_seconds = _SLOW_SECONDS
        self._is_slow = False
        unreader.chunk = self._chunk

    def read(self, size: int) -> bytes:
        """Return up to so many bytes. Raises: OSError, also for chunks that are none."""
        try:
            return bytes(self._reader.read(size))
        except ParseException as problem:
            raise OSError("the chunks of the body cannot be read") from problem

    def end(self) -> None:
        """Leave the connection as it was."""
        self._unreader.__dict__.pop("chunk", None)
        self._leave_place()

    def _chunk(self, size_hint: int | None = None) -> bytes:
        while not self._has_come():
            if self._is_slow or not _slow_places.acquire(blocking=False):
                raise TimeoutError("the body comes too slowly")
            self._is_slow = True
        data: bytes = self._receive(size_hint)
        prompt = self._prompt_seconds + len(data) / _PROMPT_BYTES_PER_SECOND
        slow = self._slow_seconds + len(data) / _SLOWEST_BYTES_PER_SECOND
        self._prompt_seconds, self._slow_seconds = (
            min(prompt, _PROMPT_SECONDS),
            min(slow, _SLOW_SECONDS),
        )
        if prompt >= _PROMPT_SECONDS:
            self._leave_place()
        return data

    def _has_come(self) -> bool:
        """Wait for bytes as long as there is credit; say whether some came."""
        sock = self._unreader.sock
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        credit = self._slow_seconds if self._is_slow else self._prompt_seconds
        waiting = select.poll()
        waiting.register(sock, select.POLLIN)
        began = time.monotonic()
        has_come = bool(waiting.poll(max(0.0, credit) * 1000))
        waited = time.monotonic() - began
        self._prompt_seconds -= waited
        self._slow_seconds -= waited
        return has_come

    def _leave_place(self) -> None:
        if self._is_slow:
            self._is_slow = False
            _slow_places.release()


class PatientWorker(gthread.ThreadWorker):
    """Gives a request a thread only once its head is here, with a small body all of it.

    Whoever sends those byte by byte holds none.
    """

    _is_quitting = False

    def handle_quit(self, sig: Any, frame: Any) -> None:  # noqa: ANN401 - as gunicorn has it
        """End at once, however often it is said: Ctrl-C reaches the processes, then gunicorn tells them too.

        gunicorn's own handler closes the pool of threads, whose lock this thread may hold just then, giving
        work to one or in the midst of the first signal: it would wait for itself until it is killed.
        """
        if not self._is_quitting:
            self._is_quitting = True
            Worker.handle_quit(self, sig, frame)

    def handle(self, conn: Any) -> Any:  # noqa: ANN401 - gunicorn publishes no types for it
        """Serve a connection, or put it back among those that wait for more to arrive."""
        if self.cfg.is_ssl or (conn.parser is not None and conn.parser.unreader.buf.getvalue()):
            return super().handle(conn)
        try:
            head = conn.sock.recv(_LONGEST_HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self._wait(conn, b"", 1)
        except OSError:
            return False
        known = conn.__dict__
        known["close"] = partial(self._close, conn)
        needed_bytes = _needed_bytes(head)
        has_hung_up = known.get("head_bytes") == len(head)  # woken without a further byte
        if not head or len(head) >= needed_bytes or (has_hung_up and b"\r\n\r\n" in head):
            known.pop("head_began_at", None)
            known.pop("head_bytes", None)
            conn.data_ready = True
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return super().handle(conn)
        return False if has_hung_up else self._wait(conn, head, needed_bytes)

    def _wait(self, conn: Any, head: bytes, needed_bytes: int) -> Any:  # noqa: ANN401 - as above
        """Put a connection back until so many bytes are there, or what comes takes too long."""
        known = conn.__dict__
        known["close"] = partial(self._close, conn)
        waited_seconds = time.monotonic() - known.setdefault("head_began_at", time.monotonic())
        if waited_seconds > _HEAD_SECONDS:
            return False
        known["head_bytes"] = len(head)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, needed_bytes)
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


def _needed_bytes(head: bytes) -> int:
    """Return how many bytes there must be before a request that begins so has a thread."""
    fields, end, _ = head.partition(b"\r\n\r\n")
    if not end:
        return min(len(head) + 1, _LONGEST_HEAD_BYTES)
    length = _LENGTH.search(fields + end)
    head_bytes = len(fields) + len(end)
    if length is None or _UNKNOWN_LENGTH.search(fields):
        return head_bytes
    whole_bytes = head_bytes + int(length[1])
    return whole_bytes if whole_bytes <= _LONGEST_HEAD_BYTES else head_bytes


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
