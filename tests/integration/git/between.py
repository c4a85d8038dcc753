"""A wire between Labset and GitLab that fails as told: after GitLab has done its work, or before."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Fault(Enum):
    """What happens to one request."""

    NONE = auto()
    LOSE_ANSWER = auto()  # GitLab does the work, the caller hears nothing
    CUT_ANSWER = auto()  # …or half of it
    BAD_GATEWAY_AFTER = auto()  # …or a 502
    BAD_GATEWAY = auto()  # nothing reaches GitLab
    HANG_UP = auto()
    STALL = auto()  # nothing reaches GitLab, and nobody answers


@dataclass
class Wire:
    """The address to use instead of GitLab's; `choose` says what becomes of a request."""

    url: str
    choose: Callable[[str], Fault] = lambda _: Fault.NONE
    asked: list[str] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def __init__(self, wire: Wire, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wire = wire
        self.target = target
        self.closing = threading.Event()

    def handle_error(self, *_: object) -> None:
        pass  # callers that hang up are what this is for


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, *_: object) -> None:
        pass

    def _pass_on(self) -> None:
        body = self._read_body()
        line = f"{self.command} {self.path}"
        fault = self.server.wire.choose(line)
        self.server.wire.asked.append(line)
        self.close_connection = fault is not Fault.NONE
        if fault is Fault.STALL:
            self.server.closing.wait(60)
        if fault is Fault.BAD_GATEWAY:
            self._say(502, b"bad gateway")
        if fault in {Fault.STALL, Fault.HANG_UP, Fault.BAD_GATEWAY}:
            self._hang_up()
            return
        status, headers, answer = self._ask(body)
        if fault is Fault.LOSE_ANSWER:
            self._hang_up()
        elif fault is Fault.BAD_GATEWAY_AFTER:
            self._say(502, b"bad gateway")
        else:
            self._say(status, answer, headers, cut=fault is Fault.CUT_ANSWER)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.server.target).netloc, timeout=60)
        connection.request(self.command, self.path, body, dict(_end_to_end(self.headers.items())))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), data

    def _say(
        self,
        status: int,
        data: bytes,
        headers: list[tuple[str, str]] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in _end_to_end(headers or []):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        self.wfile.flush()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().strip(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    hop_by_hop = {"transfer-encoding", "content-length", "connection"}
    return [(name, value) for name, value in headers if name.lower() not in hop_by_hop]


@contextmanager
def wire_to(url: str) -> Iterator[Wire]:
    """Listen on a free port until the end of the block."""
    wire = Wire("")
    server = _Server(wire, url)
    wire.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield wire
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
