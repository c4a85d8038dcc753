"""The worker of gunicorn's that serves Labset: a thread for whoever has sent what it needs."""

from __future__ import annotations

import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.workers import gthread
from gunicorn.workers.base import Worker

from app.serving.watched_body import WatchedBody

_WAIT_FOR_MORE = vars(gthread)["_DEFER"]  # gunicorn's own word for it, which it keeps to itself
_HEAD_SECONDS = 30.0
_UNREAD_SECONDS = 1.0
_CLOSERS = 64  # for two seconds at most each; what ends beyond them is cut
_LONGEST_HEAD_BYTES = 64 * 1024
_SLOW_SHARE = 3 / 4  # of the threads, which may wait for slow bodies
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_UNKNOWN_LENGTH = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)


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
        known = conn.__dict__
        known["close"] = partial(self._close, conn)
        try:
            head = conn.sock.recv(_LONGEST_HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self._wait(conn, b"", 1)
        except OSError:
            return False
        needed_bytes = _needed_bytes(head)
        has_hung_up = known.get("head_bytes") == len(head)  # woken without a further byte
        if not head or len(head) >= needed_bytes or (has_hung_up and b"\r\n\r\n" in head):
            known.pop("head_began_at", None)
            known.pop("head_bytes", None)
            conn.data_ready = True
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return super().handle(conn)
        return False if has_hung_up else self._wait(conn, head, needed_bytes)

    def handle_request(self, req: Any, conn: Any) -> Any:  # noqa: ANN401 - as above
        """Serve a request, watching how fast its body comes."""
        if req.body is None:
            return super().handle_request(req, conn)
        watched = WatchedBody(req.body.reader, req.unreader, self._slow_places)
        req.body.reader = watched
        req.body.message = req  # for app/connections.py
        try:
            return super().handle_request(req, conn)
        finally:
            watched.end()

    def _wait(self, conn: Any, head: bytes, needed_bytes: int) -> Any:  # noqa: ANN401 - as above
        """Put a connection back until so many bytes are there, or what comes takes too long."""
        known = conn.__dict__
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
        self._slow_places = threading.BoundedSemaphore(max(1, int(self.cfg.threads * _SLOW_SHARE)))
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
