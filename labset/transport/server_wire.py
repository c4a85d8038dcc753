"""One Labset by plain HTTP, for what is large: bodies and answers piece by piece."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from labset.transport.connection import Connection
from labset.transport.refusal import refusal_of
from labset.transport.wire import Answer, Body, Wire

_API = "/api/v1/"


class ServerWire:
    """Speaks to the server with the token, and to others (storage sites, by links) without it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        parts = urlsplit(connection.server)
        headers = {"Authorization": f"Bearer {connection.token}"} if connection.token else {}
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._base = parts.path.rstrip("/")
        self._inside = Wire(self.origin, headers)
        self._outside: dict[str, Wire] = {}
        self._lock = threading.Lock()

    @contextmanager
    def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> Iterator[Answer]:
        """Give the answer of the server itself; paths as `Connection` takes them, quoted already.

        Raises:  what it refuses as `labset.errors` has it; Unreachable.
        """
        query = f"?{urlencode(params)}" if params else ""
        target = self._base + (path if path.startswith("/") else _API + path) + query
        with self.exchange(method, target, headers, body) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                with self.connection.noting():
                    raise refusal_of(answer.status, answer.reason, answer.read())
            yield answer

    @contextmanager
    def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> Iterator[Answer]:
        """Give the answer of the server to a whole target, of any status. Raises Unreachable."""
        with self._inside.exchange(method, target, headers, body) as answer:
            yield answer

    def outside(self, url: str) -> tuple[Wire, str]:
        """Return the wire to a link's host, kept for the next one, and the target on it."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._outside:
                self._outside[origin] = Wire(origin)
            wire = self._outside[origin]
        query = f"?{parts.query}" if parts.query else ""
        return wire, (parts.path or "/") + query

    def close(self) -> None:
        """Close what is kept open."""
        with self._lock:
            wires = [self._inside, *self._outside.values()]
            self._outside.clear()
        for wire in wires:
            wire.close()
