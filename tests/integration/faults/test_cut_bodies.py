"""A body that stops before its end makes nothing: no file, no commit, no object, nothing left over."""

from __future__ import annotations

import random
import secrets
import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.integration.faults.auditing import count_commits
from tests.integration.faults.uploading import announce, md5_of, tar_of
from tests.integration.faults.world import World, eventually

SMALL, LARGE = 40_000, 20_000_000


@pytest.fixture(scope="module")
def dataset(world: World) -> int:
    """A dataset that stays empty."""
    return world.new_dataset()


def send_cut(
    world: World, request: str, head: list[str], body: bytes, at: int, *, chunked: bool = False
) -> str:
    """Send a request whose body stops at a byte, hang up sending, and return the status line."""
    where = urlsplit(world.app_url)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    lines = [
        f"{request} HTTP/1.1",
        f"Host: {where.netloc}",
        f"PRIVATE-TOKEN: {world.alice.token}",
        length,
        *head,
    ]
    sent = f"{len(body):x}\r\n".encode() + body[:at] if chunked else body[:at]
    with closing(socket.create_connection((where.hostname or "", where.port or 80), 20)) as wire:
        try:
            wire.sendall("\r\n".join([*lines, "", ""]).encode() + sent)
            wire.shutdown(socket.SHUT_WR)
            return wire.recv(200).decode(errors="replace").partition("\r\n")[0]
        except ConnectionError:
            return ""


@pytest.mark.parametrize("chunked", (False, True))
@pytest.mark.parametrize("size", (SMALL, LARGE))
def test_a_put_that_is_cut_off_stores_nothing(
    world: World, dataset: int, size: int, *, chunked: bool
) -> None:
    data = secrets.token_bytes(size)
    for at in (0, 1, random.randrange(size), size - 1):
        url = f"/api/v1/datasets/{dataset}/files/cut.bin"
        line = send_cut(world, f"PUT {url}", [], data, at, chunked=chunked)
        assert line == "" or " 400 " in line, line
    nothing_was_made(world, dataset)


def test_the_other_ways_in_store_nothing_either(world: World, dataset: int) -> None:
    data = secrets.token_bytes(SMALL)
    name = md5_of(data)
    mark = "Content-Type: multipart/form-data; boundary=cut"
    form = b'--cut\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n' + data
    form += b"\r\n--cut--\r\n"
    for at in (200, random.randrange(SMALL), SMALL + 50):
        line = send_cut(world, f"POST /api/v1/datasets/{dataset}/files", [mark], form, at)
        assert line == "" or " 400 " in line, line
        url = f"/dvc/{dataset}/files/md5/{name[:2]}/{name[2:]}"
        line = send_cut(world, f"POST {url}", [], data, min(at, SMALL - 1), chunked=True)
        assert line == "" or " 400 " in line, line
    nothing_was_made(world, dataset)


def test_a_session_goes_on_where_bodies_were_cut_off(world: World) -> None:
    dataset = world.new_dataset()
    files = {f"{number}.bin": secrets.token_bytes(SMALL) for number in range(4)}
    body = {"message": "cut", "files": announce(files)}
    session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    batch = tar_of(files)
    for at in (100, SMALL // 2, SMALL + 700):
        send_cut(world, f"PUT /api/v1{url}/files/0.bin", [], files["0.bin"], min(at, SMALL - 1))
        kind = "Content-Type: application/x-tar"
        send_cut(world, f"POST /api/v1{url}/batch", [kind], batch, at)
    seen = {one["path"]: one["state"] for one in world.alice.json("GET", url)["files"]}
    assert [state for path, state in seen.items() if path != "0.bin"] == ["missing"] * 3
    assert world.alice.http.post(f"{url}/commit").status_code == 422
    assert count_commits(world, dataset) == 1
    world.alice.json("POST", f"{url}/batch", content=batch)
    done = world.alice.json("POST", f"{url}/commit")
    for path, data in files.items():
        got = world.alice.http.get(f"/datasets/{dataset}/files/{path}?ref={done['commit']}")
        assert got.content == data


def nothing_was_made(world: World, dataset: int) -> None:
    """Check that there is no commit, no object, and no temporary bytes stay behind."""
    assert count_commits(world, dataset) == 1
    prefix = world.prefix(dataset)

    def left() -> list[str]:
        found = [one.key for one in world.bucket().objects.filter(Prefix=prefix)]
        uploads = world.bucket().multipart_uploads.filter(Prefix=prefix)
        return [key for key in found if not key.endswith("/labset.json")] + [
            upload.object_key for upload in uploads
        ]

    eventually(lambda: left() == [], "temporary bytes are gone")
