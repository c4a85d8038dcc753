"""Other asset databases as bad as they come: servers on 127.0.0.1 that answer byte by byte what a test says."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

WELL = b'{"success": true, "message": "healthy"}'


@dataclass(slots=True)
class Visit:
    """One connection: what was asked, and how to answer it."""

    socket: socket.socket
    head: str
    body: bytes
    ended: Event
    sent_bytes: int = 0

    def send(self, data: bytes) -> bool:
        """Send; say whether the caller still takes it."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        self.sent_bytes += len(data)
        return not self.ended.is_set()

    def trickle(self, data: bytes, every_seconds: float = 0.05) -> None:
        """Send byte by byte."""
        for byte in data:
            if not self.send(bytes([byte])) or self.ended.wait(every_seconds):
                return

    def repeat(self, data: bytes, times: int) -> None:
        """Send the same again and again, as long as somebody takes it."""
        for _ in range(times):
            if not self.send(data):
                return


Answer = Callable[[Visit], None]


@dataclass(slots=True)
class Server:
    """A running server: where it is, and who came."""

    port: int
    visits: list[Visit] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listed(self) -> str:
        return f"127.0.0.1:{self.port}"


def answer(body: bytes = WELL, status: str = "200 OK", *fields: str) -> Answer:
    """Answer properly."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields])

    def send(visit: Visit) -> None:
        visit.send(head.encode() + b"\r\n\r\n" + body)

    return send


def answer_json(value: object) -> Answer:
    """Answer with JSON."""
    return answer(json.dumps(value).encode())


def raw(data: bytes) -> Answer:
    """Answer these bytes and nothing else."""

    def send(visit: Visit) -> None:
        visit.send(data)

    return send


def silent(visit: Visit) -> None:
    """Take the request and never answer."""
    visit.ended.wait()


@contextmanager
def serving(act: Answer, secured: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve until the test is over."""
    ended, threads = Event(), list[Thread]()
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listening:
        server = Server(listening.getsockname()[1])

        def take() -> None:
            while True:
                try:
                    connected = listening.accept()[0]
                except OSError:
                    return
                server.connections += 1
                one = Thread(target=_serve, args=(server, connected, act, secured, ended))
                one.start()
                threads.append(one)

        taking = Thread(target=take)
        taking.start()
        try:
            yield server
        finally:
            ended.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            taking.join(10)
            for thread in threads:
                thread.join(10)


def _serve(
    server: Server, plain: socket.socket, act: Answer, secured: ssl.SSLContext | None, ended: Event
) -> None:
    plain.settimeout(20)
    try:
        connected = secured.wrap_socket(plain, server_side=True) if secured else plain
        with connected:
            visit = _read(connected, ended)
            server.visits.append(visit)
            act(visit)
    except OSError:
        plain.close()


def _read(connected: socket.socket, ended: Event) -> Visit:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connected)
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    size = int(sizes[0].partition(b":")[2]) if sizes else 0
    while len(body) < size:
        body += _more(connected)
    return Visit(connected, head.decode(), body, ended)


def _more(connected: socket.socket) -> bytes:
    data = connected.recv(65_536)
    if not data:
        raise ConnectionError
    return data
