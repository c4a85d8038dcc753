"""A large file in pieces survives whoever dies in the middle: no byte sent twice, no wrong name, nothing orphaned."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest

from tests.integration.faults.killing import serves
from tests.integration.faults.uploading import announce, md5_of
from tests.integration.faults.world import World, eventually

DATA = secrets.token_bytes(20_000_001)
MOMENTS = {
    "the parts are joined": r"POST \S+/staging/\w+\?uploadId",
    "the whole is read back": r"GET \S+/staging/\w+ ",
    "the site copies it": r"PUT \S+/files/md5/\S+partNumber=1",
    "it gets its name": r"POST \S+/files/md5/\S+uploadId",
    "the parts are removed": r"DELETE \S+/staging/\w+ ",
}


def put(world: World, url: str, first: int, end: int) -> httpx.Response:
    headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(DATA)}"}
    return world.alice.http.put(url, content=DATA[first:end], headers=headers)


@dataclass
class KillAt:
    """Kills all web processes when a request that fits goes by, once."""

    world: World
    moment: str
    killed: str = ""

    def __call__(self, line: str) -> bool:
        """Lose no answer."""
        if re.match(self.moment, f"{line} ") and not self.killed:
            self.killed = line
            self.world.kill_web_children()
        return False


def is_proven(world: World, url: str) -> bool:
    with suppress(httpx.TransportError):
        answer = world.alice.http.post(f"{url}/complete")
        assert answer.status_code in {200, 202, 503}, answer.text
        return answer.status_code == 200
    return False


def unrecorded(world: World, dataset: int) -> set[str]:
    """Return temporary keys and uploads in the bucket that no record names."""
    prefix = world.prefix(dataset)
    bucket = world.bucket()
    there = {one.key for one in bucket.objects.filter(Prefix=f"{prefix}/staging/")}
    there |= {
        one.object_key
        for one in bucket.multipart_uploads.all()
        if one.object_key.startswith(prefix)
    }
    rows = world.ledger("select key from staging where dataset_id = ?", dataset)
    return there - {str(row[0]).partition("#")[0] for row in rows}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_proof_goes_on_after_all_web_processes_were_killed_when(
    world: World, moment: str
) -> None:
    dataset = world.new_dataset()
    body = {"message": "large", "files": announce({"large.bin": DATA})}
    session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    upload = f"/datasets/{dataset}/uploads/{session['id']}"
    url = f"{upload}/files/large.bin"
    assert put(world, url, 0, len(DATA) - 1).json()["received"] == len(DATA) - 1
    choose = KillAt(world, MOMENTS[moment])
    with world.s3.choosing(choose), suppress(httpx.TransportError):
        put(world, url, len(DATA) - 1, len(DATA))
    assert choose.killed, world.s3.lines[-20:]
    eventually(lambda: serves(world.app_url), "the web processes are back", 20)
    assert unrecorded(world, dataset) == set()
    eventually(lambda: is_proven(world, url), "the file is proven", 40)
    commit = world.alice.json("POST", f"{upload}/commit")["commit"]
    got = world.alice.http.get(f"/datasets/{dataset}/files/large.bin", params={"ref": commit})
    assert md5_of(got.content) == md5_of(DATA)
    assert unrecorded(world, dataset) == set()


def test_what_had_arrived_survives_the_processes_that_took_it(world: World) -> None:
    dataset = world.new_dataset()
    body = {"message": "large", "files": announce({"large.bin": DATA})}
    session = world.alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    url = f"/datasets/{dataset}/uploads/{session['id']}/files/large.bin"
    for first, end in ((0, 9_000_000), (9_000_000, 9_000_100)):
        assert put(world, url, first, end).json()["received"] == end
        world.kill_web_children()
        eventually(lambda: serves(world.app_url), "the web processes are back", 20)
        asked = world.alice.http.put(url, headers={"Content-Range": f"bytes */{len(DATA)}"})
        assert asked.json()["received"] == end
    put(world, url, 9_000_100, len(DATA))
    eventually(lambda: is_proven(world, url), "the file is proven", 40)
