from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from tests.integration.assets_alone.conftest import bucket_of
from tests.integration.assets_alone.servers import Server
from tests.storage_servers import S3Server

UPLOADS = 60
OPEN = {"LABSET_ASSETS_OPEN": "1", "LABSET_WEB_PROCESSES": "2"}


@pytest.fixture(params=("folder", "s3"))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    store: dict[str, str] = {}
    if request.param == "s3":
        s3: S3Server = request.getfixturevalue("s3")
        store = bucket_of(s3, "crashes")
    running = Server(tmp_path / "home", OPEN | store)
    running.start()
    yield running
    running.end()


def content(number: int) -> bytes:
    return f"the bytes of asset {number} ".encode() * 50


def test_what_was_answered_as_kept_is_there_after_kill_9(server: Server) -> None:
    enough, kept = Event(), dict[int, str]()

    def upload(number: int) -> None:
        try:
            answer = server.upload(f"Asset{number}", content(number), asset_tags=["kept"])
        except httpx.TransportError:
            return
        assert answer.status_code == 201, answer.text
        kept[number] = answer.json()["asset_id"]
        if len(kept) == UPLOADS // 3:
            enough.set()

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(upload, number) for number in range(UPLOADS)]
        assert enough.wait(60)
        server.end(signal.SIGKILL)
    assert [one.exception() for one in running if one.exception()] == []
    identity = server.db_id()
    server.start()
    assert server.db_id() == identity
    for number, asset_id in kept.items():
        assert server.ask("GET", f"/asset-object/{asset_id}").content == content(number)
    told = server.find({"asset_tags": ["kept"]})
    assert {one["asset_id"] for one in told} >= set(kept.values())
    for one in told:
        answer = server.ask("GET", f"/asset-object/{one['asset_id']}")
        assert answer.status_code == 200, "an entry without its bytes"
    assert server.upload("Asset0", content(0)).status_code == 201


def test_an_upload_that_is_cut_leaves_no_entry(server: Server) -> None:
    def half() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="asset"; filename="x"\r\n\r\n'
        yield os.urandom(12 * 1024 * 1024)
        server.end(signal.SIGKILL)
        yield b"the rest"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with pytest.raises(httpx.TransportError):
        server.ask("POST", "/upload_asset", content=half(), headers=headers)
    server.start()
    assert server.find({}) == []
    assert server.upload("Afterwards", b"a").status_code == 201
