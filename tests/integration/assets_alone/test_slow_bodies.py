"""Clients that send a body byte by byte, or in chunks that are none: they hold up nobody else."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from tests.integration.assets_alone.servers import Server, serving

THREADS = 8
CROWD = 2 * THREADS
PLACES = 6  # threads that may wait for slow bodies
PROMPT_SECONDS = 0.3  # for which the others do
JSON = "Content-Type: application/json"
FORM = "Content-Type: multipart/form-data; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="asset"; filename="a"\r\n\r\n'


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An open server with few threads."""
    settings = {"LABSET_ASSETS_OPEN": "1", "LABSET_WEB_THREADS": str(THREADS)}
    with serving(tmp_path_factory.mktemp("few") / "home", settings) as server:
        yield server


@contextmanager
def wire(server: Server, path: str, *fields: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), 20) as one:
        lines = (f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *fields)
        one.sendall("\r\n".join([*lines, "", ""]).encode())
        yield one


@contextmanager
def dripping(wires: list[socket.socket], piece: bytes) -> Iterator[None]:
    """Send a piece on each of many connections, several times a second."""
    ended = Event()

    def drip() -> None:
        while not ended.wait(0.2):
            for one in wires:
                try:
                    one.sendall(piece)
                except OSError:  # the server has had enough of it
                    continue

    thread = Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def slowest_health(server: Server, times: int = 10) -> float:
    slowest = 0.0
    for _ in range(times):
        began = time.monotonic()
        assert httpx.get(f"{server.url}/health", timeout=30).status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def test_a_small_body_that_drips_in_takes_no_thread(few: Server) -> None:
    with ExitStack() as stack:
        wires = [
            stack.enter_context(wire(few, "/assets", JSON, "Content-Length: 1000"))
            for _ in range(CROWD)
        ]
        with dripping(wires, b" "):
            assert slowest_health(few) < 1.0


@pytest.mark.parametrize(
    ("fields", "first", "piece"),
    (
        ((JSON, "Transfer-Encoding: chunked"), b"1\r\n{\r\n", b"1\r\n \r\n"),
        ((FORM, "Content-Length: 900000"), PART, b"x"),
        ((JSON, "Content-Length: 1000", "Expect: 100-continue"), b"{", b" "),
    ),
)
def test_others_that_drip_in_leave_threads_for_everybody_else(
    few: Server, fields: tuple[str, ...], first: bytes, piece: bytes
) -> None:
    with ExitStack() as stack:
        path = "/upload_asset" if FORM in fields else "/assets"
        wires = [stack.enter_context(wire(few, path, *fields)) for _ in range(CROWD)]
        for one in wires:
            one.sendall(first)
        with dripping(wires, piece):
            rounds = (CROWD - PLACES) / (THREADS - PLACES)
            assert slowest_health(few) < rounds * PROMPT_SECONDS + 1.0


def test_a_body_that_comes_in_pieces_is_taken(few: Server) -> None:
    for chunked in (False, True):
        length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 2"
        with wire(few, "/assets", JSON, length) as one:
            pieces = (b"1\r\n{\r\n", b"1\r\n", b"}\r\n0\r\n\r\n") if chunked else (b"{", b"}")
            for piece in pieces:
                assert not Event().wait(0.2)
                one.sendall(piece)
            assert one.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "body",
    (
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"2;" + b"a" * 40_000 + b"\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"2\r\n{}\r\n0\r\nA: b\nC: d\r\n\r\n",
        b"9\r\n{}",
    ),
    ids=("size", "prefix", "sign", "terminator", "extension", "trailers", "line", "end"),
)
def test_chunks_that_are_none_are_a_body_that_was_cut_off(few: Server, body: bytes) -> None:
    for path, kind in (("/assets", JSON), ("/upload_asset", FORM)):
        with wire(few, path, kind, "Transfer-Encoding: chunked") as one:
            one.sendall(body)
            one.shutdown(socket.SHUT_WR)
            answer = one.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert b'"body_cut_off"' in answer
        assert b"\r\nConnection: close" in answer or b"\r\nconnection: close" in answer


def test_a_request_behind_a_slow_one_on_its_connection_is_answered(
    few: Server, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"{}")
    with httpx.Client(base_url=few.url, timeout=20) as client:
        for _ in range(3):
            assert client.post("/assets", content=data.read_bytes()).status_code == 200
            with data.open("rb") as stream:
                assert client.post("/assets", content=iter(stream)).status_code == 200
