"""Once GitLab says no, reading ends within ten seconds and writing at once (P9)."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.faults.world import World, eventually

REPORTER, DEVELOPER = 20, 30
LIMIT_SECONDS = 10.0
MIB = 1024 * 1024
LARGE, SMALL = 96 * MIB, 4 * MIB
FAST, SLOW = 4 * MIB, MIB  # bytes per second
IN_THE_KERNEL = 12 * MIB  # what may lie in buffers of both ends, sent before


@dataclass
class Reader:
    """Somebody who reads again and again, or one long stream; `last` is when it last succeeded."""

    last: float = 0.0
    count: int = 0
    ended: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def read_again_and_again(self, url: str, token: str) -> None:
        """GET until told to stop."""
        with httpx.Client(headers={"PRIVATE-TOKEN": token}, timeout=20) as client:
            while not self.stop.wait(0.02):
                answer = client.get(url)
                if answer.status_code in {200, 206}:
                    self.last, self.count = time.monotonic(), self.count + 1
                else:
                    self.ended = str(answer.status_code)

    def read_slowly(self, url: str, token: str, bytes_a_second: int) -> None:
        """Read one long answer with a small receive buffer until it ends."""
        where = urlsplit(url)
        head = f"GET {where.path}?{where.query} HTTP/1.1\r\nHost: {where.netloc}\r\n"
        with closing(socket.socket()) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            wire.settimeout(20)
            wire.connect((where.hostname, where.port))
            wire.sendall(f"{head}PRIVATE-TOKEN: {token}\r\n\r\n".encode())
            assert wire.recv(15) == b"HTTP/1.1 200 OK"
            while not self.stop.wait(16_384 / bytes_a_second):
                try:
                    piece = wire.recv(16_384)
                except OSError as error:
                    self.ended = type(error).__name__
                    return
                if not piece:
                    self.ended = "closed"
                    return
                self.last, self.count = time.monotonic(), self.count + len(piece)


@pytest.fixture(scope="module")
def dataset(world: World) -> int:
    """A private dataset with a large and a small file and a text."""
    made = world.new_dataset()
    for path, data in (
        ("large.bin", secrets.token_bytes(LARGE)),
        ("small.bin", secrets.token_bytes(SMALL)),
        ("note.md", b"text"),
    ):
        world.alice.json("PUT", f"/datasets/{made}/files/{path}", 201, content=data)
    return made


@pytest.fixture
def bob_reads(world: World, dataset: int) -> Iterator[str]:
    """Bob reads the dataset and its site for a while; yields the address of its files."""
    files = f"{world.running.api}/datasets/{dataset}/files"
    world.add_member(dataset, "bob", DEVELOPER)
    world.add_member(world.s3_site, "bob", DEVELOPER)
    world.wait_until_bob_reads(f"{files}/note.md")
    world.wait_until_bob_reads(f"{files}/small.bin")
    yield files
    for project in (dataset, world.s3_site):
        world.gitlab_call("DELETE", f"/projects/{project}/members/{world.user_id('bob')}")


@pytest.mark.parametrize("key", ("dataset", "site"))
def test_reads_streams_and_writes_end_in_time(
    world: World, dataset: int, bob_reads: str, key: str
) -> None:
    loops = [
        (Reader(), f"{bob_reads}/small.bin?ref=main"),
        (Reader(), f"{world.app_url}/dvc/{dataset}/files/md5"),
        (Reader(), f"{bob_reads}/small.bin?ref={head_of(world, dataset)}"),
    ]
    streams = [
        (Reader(), f"{bob_reads}/large.bin?ref=main", FAST),
        (Reader(), f"{bob_reads}/large.bin?ref=main&again=1", SLOW),
    ]
    token = world.bob.token
    threads = [
        threading.Thread(target=one.read_again_and_again, args=(url, token)) for one, url in loops
    ] + [
        threading.Thread(target=one.read_slowly, args=(url, token, speed))
        for one, url, speed in streams
    ]
    readers = [one for one, _ in loops] + [one for one, _, _ in streams]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: all(one.count for one in readers), "all read")
        world.remove_member(dataset if key == "dataset" else world.s3_site, "bob")
        revoked, seen = time.monotonic(), streams[1][0].count
        refused = world.bob.http.put(f"{bob_reads}/new.bin", content=b"x")
        assert refused.status_code in {403, 404}
        eventually(lambda: time.monotonic() - revoked > LIMIT_SECONDS + 2, "time is up", 20)
    finally:
        for one in readers:
            one.stop.set()
        for thread in threads:
            thread.join(30)
    for one in readers[:-1]:
        assert one.ended, "it went on"
        assert one.last - revoked <= LIMIT_SECONDS
    assert streams[0][0].count < LARGE
    slow = streams[1][0]
    assert slow.count <= seen + LIMIT_SECONDS * SLOW + IN_THE_KERNEL


def head_of(world: World, dataset: int) -> str:
    return str(world.alice.json("GET", f"/datasets/{dataset}")["head"])
