"""An HTTP proxy before a real S3 server that can be told to misbehave."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_VERBS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Reply:
    """What the server said; a fault may change it."""

    status: int
    headers: dict[str, str]
    body: bytes
    announced_bytes: int | None = None  # another Content-Length than the body's


Fault = Callable[[str, str, Reply], Reply]


@dataclass
class FaultyProxy:
    """Passes requests on. `stalled` answers nothing until it is cleared; `fault` changes replies.

    `spoil` changes the bodies of requests, not their lengths.
    """

    endpoint: str = ""
    fault: Fault | None = None
    spoil: Callable[[str, str, bytes], bytes] | None = None
    stalled: threading.Event = field(default_factory=threading.Event)
    resumed: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def stall(self) -> None:
        """Stop answering."""
        self.resumed.clear()
        self.stalled.set()

    def resume(self) -> None:
        """Answer again."""
        self.stalled.clear()
        self.resumed.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    proxy: FaultyProxy
    behind: str

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its parent's names
        """Say nothing."""

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.requests.append((self.command, self.path, dict(self.headers)))
        if self.proxy.stalled.is_set():
            self.proxy.resumed.wait(30)
            self.close_connection = True
            return
        if self.proxy.spoil is not None:
            body = self.proxy.spoil(self.command, self.path, body)
        reply = self._ask(body)
        if self.proxy.fault is not None:
            reply = self.proxy.fault(self.command, self.path, reply)
        self._answer(reply)

    def _ask(self, body: bytes) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(self.behind).netloc, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            length = answer.headers.get("Content-Length")
            announced = int(length) if self.command == "HEAD" and length else None
            headers = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
            return Reply(answer.status, headers, answer.read(), announced)
        finally:
            connection.close()

    def _answer(self, reply: Reply) -> None:
        announced = len(reply.body) if reply.announced_bytes is None else reply.announced_bytes
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
            self.close_connection = announced != len(reply.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - its parent's names
        """Clients that give up are what is tested."""


@contextmanager
def faulty_proxy(behind: str) -> Iterator[FaultyProxy]:
    """Run a proxy before the server at `behind`."""
    proxy = FaultyProxy()
    verbs = {f"do_{verb}": _Handler.handle_any for verb in _VERBS}
    handler = type("Handler", (_Handler,), {"proxy": proxy, "behind": behind, **verbs})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        proxy.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield proxy
        finally:
            proxy.resume()
            server.shutdown()
            thread.join()
