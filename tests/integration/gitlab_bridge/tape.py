"""A go-between that keeps a GitLab's answers and plays them again, changed on the way if told so."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_KEPT_HEADERS = ("Content-Type", "Link", "X-Next-Page", "X-Page", "X-Per-Page", "X-Total")
_READING = ("GET", "HEAD")

Question = tuple[str, str]  # method and target
Place = tuple[Question, int]  # which time the same question was asked


@dataclass(frozen=True)
class Write:
    """A request that was to change something."""

    method: str
    target: str
    body: str


@dataclass(frozen=True)
class Heard:
    """An answer as GitLab gave it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Tape:
    """What was said, by question and how often it was asked.

    While it records, each request goes to GitLab. While it plays, GitLab hears only questions that
    are not on the tape; changes that are not on it are accepted and go nowhere.
    """

    def __init__(self, upstream: str) -> None:
        self.url = ""
        self.writes: list[Write] = []
        self._upstream = upstream
        self._heard: dict[Question, list[Heard]] = defaultdict(list)
        self._asked: Counter[Question] = Counter()
        self._change: dict[Place, Callable[[bytes], bytes]] = {}
        self._playing = False
        self._lock = threading.Lock()

    def record(self) -> None:
        """Begin anew."""
        self._heard.clear()
        self._playing = False
        self._rewind({})

    def play(self, change: dict[Place, Callable[[bytes], bytes]] | None = None) -> None:
        """Begin to play, with some answers changed."""
        self._playing = True
        self._rewind(change or {})

    def answers(self) -> dict[Place, object]:
        """Return all JSON on the tape."""
        return {
            (question, count): json.loads(heard.body)
            for question, said in self._heard.items()
            for count, heard in enumerate(said)
            if heard.body.startswith((b"{", b"["))
        }

    def answer(self, question: Question, body: bytes, headers: dict[str, str]) -> Heard:
        """Answer one request."""
        with self._lock:
            count = self._asked[question]
            self._asked[question] += 1
            if question[0] not in _READING:
                self.writes.append(Write(*question, body.decode()))
        if not self._playing:
            heard = self._ask(question, body, headers)
            self._heard[question].append(heard)
            return heard
        said = self._heard.get(question)
        if said is None:
            return self._improvise(question, headers)
        place = (question, min(count, len(said) - 1))
        heard = said[place[1]]
        change = self._change.get(place)
        return replace(heard, body=change(heard.body)) if change else heard

    def _rewind(self, change: dict[Place, Callable[[bytes], bytes]]) -> None:
        self._asked.clear()
        self._change = change
        self.writes = []

    def _improvise(self, question: Question, headers: dict[str, str]) -> Heard:
        if question[0] in _READING:
            return self._ask(question, b"", headers)
        accepted = json.dumps({"message": "202 Accepted"}).encode()
        return Heard(202, (("Content-Type", "application/json"),), accepted)

    def _ask(self, question: Question, body: bytes, headers: dict[str, str]) -> Heard:
        method, target = question
        wanted: tuple[str, ...] = ("Authorization", "Content-Type")
        passed = {name: headers[name] for name in wanted if name in headers}
        told = requests.request(
            method, self._upstream + target, data=body, headers=passed, timeout=20
        )
        kept = tuple((name, told.headers[name]) for name in _KEPT_HEADERS if name in told.headers)
        return Heard(told.status_code, kept, told.content)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20  # head and body leave together
    tape: Tape

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        heard = self.tape.answer((self.command, self.path), body, dict(self.headers))
        self.send_response(heard.status)
        for name, text in heard.headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(heard.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(heard.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


for _verb in ("GET", "HEAD", "POST", "PUT", "DELETE"):
    setattr(_Handler, f"do_{_verb}", _Handler.handle_any)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def tape_of(upstream: str) -> Iterator[Tape]:
    """Stand before the GitLab at `upstream`, on a free port of 127.0.0.1."""
    tape = Tape(upstream)
    handler = type("Handler", (_Handler,), {"tape": tape})
    server = _Server(("127.0.0.1", 0), handler)
    tape.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield tape
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
