"""The body of a request, as it comes: one that makes its thread wait too long is ended.

Waiting uses up credit that bytes bring back. What is counted stands in docs/limits.md.
"""

from __future__ import annotations

import select
import ssl
import threading
import time
from typing import Any

from gunicorn.http.errors import ParseException

_PROMPT_SECONDS = 0.3  # a body for which a thread waits longer, beyond what it brings, is slow
_PROMPT_BYTES_PER_SECOND = 16 * 1024
_SLOW_SECONDS = 30.0  # the same, after which a slow one ends
_SLOWEST_BYTES_PER_SECOND = 1024


class WatchedBody:
    """Reads the body of one request; `slow_places` are as many as slow ones may be waited for.

    Without credit for a prompt body it is a slow one, for
    which a place is needed; without credit for a slow one it ends. What takes time
    here is not counted.
    """

    def __init__(
        self,
        reader: Any,  # noqa: ANN401 - gunicorn publishes no types for them
        unreader: Any,  # noqa: ANN401
        slow_places: threading.BoundedSemaphore,
    ) -> None:
        self._reader = reader
        self._slow_places = slow_places
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
            if self._is_slow or not self._slow_places.acquire(blocking=False):
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
            self._slow_places.release()
