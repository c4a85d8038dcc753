"""A GitLab that misbehaves as told: each request takes the next step of a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROJECT = {
    "id": 7,
    "name": "steady",
    "path_with_namespace": "lab/steady",
    "namespace": {"id": 3, "path": "lab", "full_path": "lab", "kind": "user", "name": "Lab"},
    "visibility": "private",
    "topics": ["labset-dataset"],
    "default_branch": "main",
    "archived": False,
    "permissions": {"project_access": {"access_level": 40}, "group_access": None},
}


@dataclass(frozen=True)
class Step:
    """How to answer once: `stall` never answers, `drip` sends a byte now and then, `cut` hangs up."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    stall: bool = False
    drip: bool = False
    cut: bool = False


def answer(payload: object, status: int = 200, /, **headers: str) -> Step:
    """Answer JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Step(status, json.dumps(payload).encode(), {"Content-Type": "application/json"} | named)


@dataclass
class Asked:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    connection: int


class Faulty:
    """The script and what arrived. After the script's end every answer is `otherwise`.

    `respond` answers requests that are not in order; where it gives None, the script goes on.
    """

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.otherwise = answer(PROJECT)
        self.respond: Callable[[Asked], Step | None] = lambda _: None
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self.url = ""

    def next(self, asked: Asked) -> Step:
        with self._lock:
            self.asked.append(asked)
            answered = self.respond(asked)
            if answered is not None:
                return answered
            return self.script.pop(0) if self.script else self.otherwise


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, plan: Faulty) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plan = plan


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20  # head and body leave together
    server: _Server

    def handle_any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        plan, port = self.server.plan, self.client_address[1]
        step = plan.next(Asked(self.command, self.path, dict(self.headers), port))
        if step.stall:
            plan.closing.wait(60)
        if step.stall or step.cut:
            self.close_connection = True
            return
        self._send(step)

    def _send(self, step: Step) -> None:
        self.send_response(step.status)
        for name, text in step.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(step.body)))
        self.end_headers()
        try:
            if step.drip:
                self._drip(step.body)
            elif self.command != "HEAD":
                self.wfile.write(step.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _drip(self, body: bytes) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.plan.closing.wait(0.1):
                return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


for _verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_verb}", _Handler.handle_any)


@contextmanager
def faulty_gitlab() -> Iterator[Faulty]:
    """Run it on a free port of 127.0.0.1."""
    plan = Faulty()
    server = _Server(plan)
    plan.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield plan
    finally:
        plan.closing.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
