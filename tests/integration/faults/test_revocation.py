"""Once GitLab says no, reading ends within ten seconds and writing at once (P9)."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.faults.world import World, eventually

DEVELOPER = 30
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


@dataclass(frozen=True)
class Lost:
    """A dataset that bob reads, and the key that he loses: the dataset's own, or its site's.

    `assets` are where its small and its large file are downloaded as assets.
    """

    dataset: int
    key: int
    files: str
    assets: tuple[str, str]


@pytest.fixture
def losses(world: World) -> Iterator[list[Lost]]:
    """Bob reads two datasets on two sites for a while."""
    made = []
    for site in (world.s3_site, world.local_site):
        dataset = world.new_dataset(site)
        for path, size in (("large.bin", LARGE), ("small.bin", SMALL)):
            url = f"/datasets/{dataset}/files/{path}"
            world.alice.json("PUT", url, 201, content=secrets.token_bytes(size))
        world.add_member(dataset, "bob", DEVELOPER)
        world.add_member(site, "bob", DEVELOPER)
        key = dataset if site == world.s3_site else site
        files = f"{world.running.api}/datasets/{dataset}/files"
        assets = (as_asset(world, dataset, "small.bin"), as_asset(world, dataset, "large.bin"))
        made.append(Lost(dataset, key, files, assets))
    for one in made:
        world.wait_until_bob_reads(f"{one.files}/small.bin")
    yield made
    world.remove_member(world.s3_site, "bob")


def as_asset(world: World, dataset: int, path: str) -> str:
    """Register a file as an asset; return where its bytes are downloaded."""
    told = {"path": path, "asset_name": f"{path} of {dataset}"}
    made = world.alice.json("POST", f"/datasets/{dataset}/assets", 201, json=told)
    return f"{world.app_url}/asset-object/{made['asset_id']}"


def start(world: World, lost: Lost) -> list[tuple[Reader, threading.Thread]]:
    """Begin to read in every way; the last reader is a slow one."""
    head = world.alice.json("GET", f"/datasets/{lost.dataset}")["head"]
    token = world.bob.token
    archive = f"{lost.files.removesuffix('/files')}/archive?content=data&ref=main"
    loops = [
        f"{lost.files}/small.bin?ref=main",
        f"{lost.files}/small.bin?ref={head}",
        f"{world.app_url}/dvc/{lost.dataset}/files/md5",
        f"{archive}&format=tar&path=small.bin",
        f"{lost.files.removesuffix('/files')}/verification",
        lost.assets[0],
    ]
    streams = [
        (f"{archive}&format=tar", FAST),
        (f"{archive}&format=zip", FAST),
        (lost.assets[1], FAST),
        (f"{lost.files}/large.bin?ref=main", FAST),
        (f"{lost.files}/large.bin?ref=main", SLOW),
    ]
    readers = [Reader() for _ in (*loops, *streams)]
    calls: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
        *(
            (one.read_again_and_again, (url, token))
            for one, url in zip(readers, loops, strict=False)
        ),
        *(
            (one.read_slowly, (url, token, speed))
            for one, (url, speed) in zip(readers[len(loops) :], streams, strict=True)
        ),
    ]
    threads = [threading.Thread(target=call, args=values) for call, values in calls]
    for thread in threads:
        thread.start()
    return list(zip(readers, threads, strict=True))


def test_reads_and_streams_end_in_time_and_writes_at_once(world: World, losses: list[Lost]) -> None:
    started = [start(world, lost) for lost in losses]
    everybody = [pair for pairs in started for pair in pairs]
    revoked, seen = [], []
    try:
        eventually(lambda: all(one.count for one, _ in everybody), "all read")
        for lost, pairs in zip(losses, started, strict=True):
            world.remove_member(lost.key, "bob")
            revoked.append(time.monotonic())
            seen.append(pairs[-1][0].count)
            refused = world.bob.http.put(f"{lost.files}/new.bin", content=b"x")
            assert refused.status_code in {403, 404}
        eventually(lambda: time.monotonic() - revoked[-1] > LIMIT_SECONDS + 2, "time is up", 20)
    finally:
        for one, _ in everybody:
            one.stop.set()
        for _, thread in everybody:
            thread.join(30)
    for pairs, moment, count in zip(started, revoked, seen, strict=True):
        *quick, slow = (one for one, _ in pairs)
        for one in quick:
            assert one.ended, "it went on"
            assert one.last - moment <= LIMIT_SECONDS
        assert all(one.count < LARGE for one in quick)
        assert slow.count <= count + LIMIT_SECONDS * SLOW + IN_THE_KERNEL
