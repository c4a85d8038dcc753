"""Bytes over HTTP in big blocks: kept connections to one origin, by the standard library alone.

JSON goes by `connection`; here goes what is large, many times faster than through a library that
looks at every piece.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi

from labset import __version__
from labset.errors import Unreachable

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 300.0  # that a server may work on what it got
BLOCK_BYTES = 1024 * 1024
_SENDFILE_BYTES = 8 * BLOCK_BYTES
_KEPT = 32
_BREAKS = (OSError, http.client.HTTPException)

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A body of known size that is made piece by piece; `make` begins it anew for each attempt."""

    size: int
    make: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class FilePart:
    """A body that is a part of an open file; the kernel sends it where there is no TLS."""

    file: BinaryIO
    start: int
    size: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Stream:
    """A body whose size nobody knows before its end: it goes in chunks, and once."""

    pieces: Iterator[bytes]


Body = bytes | Pieces | FilePart | Stream


class Answer:
    """An answer whose body is read here. Raises Unreachable where the connection breaks."""

    def __init__(self, response: http.client.HTTPResponse, line: str) -> None:
        self._response = response
        self._line = line
        self.status = response.status
        self.reason = response.reason
        self.headers = response.headers

    @property
    def size(self) -> int | None:
        """How many bytes are still to come, where that is known."""
        return self._response.length

    def read(self) -> bytes:
        """Return all the rest."""
        try:
            return self._response.read()
        except _BREAKS as problem:
            raise _broken(self._line, problem) from problem

    def readinto(self, block: memoryview) -> int:
        """Fill `block` as far as there is something; 0 at the end.

        Raises:  Unreachable, also where less came than was promised.
        """
        try:
            count = self._response.readinto(block)
        except _BREAKS as problem:
            raise _broken(self._line, problem) from problem
        if not count and self._response.length:
            raise _broken(self._line, http.client.IncompleteRead(b"", self._response.length))
        return count


class Wire:
    """Connections to one origin (`https://host:port`); any number of threads may use it at once."""

    def __init__(self, origin: str, headers: Mapping[str, str] | None = None) -> None:
        self._parts = urlsplit(origin)
        self._headers = {"User-Agent": f"labset/{__version__}", **(headers or {})}
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._proxy = _proxy_for(self._parts)

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return self._parts.netloc

    @property
    def _line(self) -> str:
        """The host and what leads to it, for errors."""
        if self._proxy is None:
            return self.host
        return f"{self.host} by the proxy {self._proxy.netloc.rpartition('@')[2]}"

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.close()

    def connect(self) -> None:
        """Open a connection and keep it for the next exchange. Raises Unreachable."""
        connection = self._new()
        try:
            _connect(connection)
        except _BREAKS as problem:
            connection.close()
            raise _broken(self._line, problem) from problem
        with self._lock:
            self._idle.append(connection)

    @contextmanager
    def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> Iterator[Answer]:
        """Send a request and give its answer, of any status.

        Raises:  Unreachable.
        """
        connection, response = self._begin(method, target, headers or {}, body)
        try:
            yield Answer(response, self._line)
        except BaseException:
            connection.close()
            raise
        self._put_back(connection, response)

    def _begin(
        self, method: str, target: str, headers: Mapping[str, str], body: Body
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Return an answer; a kept connection that the server has closed meanwhile is replaced."""
        while True:
            connection, is_kept = self._take()
            try:
                return connection, self._ask(connection, method, target, headers, body)
            except _BREAKS as problem:
                connection.close()
                if not is_kept or isinstance(body, FilePart | Stream):  # which were begun already
                    raise _broken(self._line, problem) from problem
            except BaseException:
                connection.close()
                raise

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Body,
    ) -> http.client.HTTPResponse:
        if connection.sock is None:
            _connect(connection)
        absolute = self._proxy is not None and self._parts.scheme == "http"
        connection.putrequest(
            method,
            f"http://{self.host}{target}" if absolute else target,
            skip_accept_encoding=True,
        )
        told = {**self._headers, **headers, **(self._proxy_headers() if absolute else {})}
        if isinstance(body, Stream):
            told["Transfer-Encoding"] = "chunked"
        elif method not in {"GET", "HEAD"}:
            told["Content-Length"] = str(_size(body))
        for name, value in told.items():
            connection.putheader(name, value)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.endheaders()
            _send(connection, body)
        return connection.getresponse()  # also what one said that did not want the whole body

    def _proxy_headers(self) -> dict[str, str]:
        if self._proxy is None or not self._proxy.username:
            return {}
        pair = f"{unquote(self._proxy.username)}:{unquote(self._proxy.password or '')}"
        return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _take(self) -> tuple[http.client.HTTPConnection, bool]:
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._new(), False

    def _new(self) -> http.client.HTTPConnection:
        first = self._proxy or self._parts
        host, port = first.hostname or "", first.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        connection = http.client.HTTPSConnection(
            host, port, timeout=CONNECT_SECONDS, context=_trusted()
        )
        if self._proxy is not None:
            name = self._parts.hostname or ""
            connection.set_tunnel(name, self._parts.port or 443, self._proxy_headers())
        return connection

    def _put_back(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        with self._lock:
            if response.isclosed() and connection.sock and len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        connection.close()


def _connect(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    _socket(connection).settimeout(SILENT_SECONDS)


def _socket(connection: http.client.HTTPConnection) -> socket.socket:
    line: socket.socket | None = connection.sock
    if line is None:
        raise http.client.NotConnected
    return line


def _size(body: bytes | Pieces | FilePart) -> int:
    return len(body) if isinstance(body, bytes) else body.size


def _send(connection: http.client.HTTPConnection, body: Body) -> None:
    if isinstance(body, FilePart):
        _send_file(connection, body)
    elif isinstance(body, Pieces):
        for piece in body.make():
            connection.send(piece)
    elif isinstance(body, Stream):
        for piece in filter(None, body.pieces):  # an empty chunk would be the end
            for part in (b"%x\r\n" % len(piece), piece, b"\r\n"):
                connection.send(part)
        connection.send(b"0\r\n\r\n")
    elif body:
        connection.send(body)


def _send_file(connection: http.client.HTTPConnection, part: FilePart) -> None:
    """Send a part of a file. Raises EOFError, where the file has become shorter."""
    sent = 0
    line = _socket(connection)
    is_plain = not isinstance(line, ssl.SSLSocket)
    while sent < part.size:
        wanted = min(_SENDFILE_BYTES if is_plain else BLOCK_BYTES, part.size - sent)
        if is_plain:
            count = line.sendfile(part.file, part.start + sent, wanted)
        else:
            part.file.seek(part.start + sent)
            block = part.file.read(wanted)
            line.sendall(block)
            count = len(block)
        if not count:
            raise EOFError(f"{part.file.name} has become shorter")
        sent += count
        part.progress(count)


def _broken(line: str, problem: Exception) -> Unreachable:
    return Unreachable(
        f"The connection to {line} broke ({str(problem) or type(problem).__name__})."
    )


def _proxy_for(parts: SplitResult) -> SplitResult | None:
    """Return the proxy that the environment names for an origin."""
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or proxy_bypass(parts.netloc):
        return None
    return urlsplit(address if "://" in address else f"http://{address}")


@cache
def _trusted() -> ssl.SSLContext:
    """Trust whom the machine trusts and the public authorities, as `connection` does."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
