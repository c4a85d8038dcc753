"""P6 as promised: seven kinds of damage, a hundred objects each, no complete wrong answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.faults.damage import KINDS, Stored, spoil, wrong_answers
from tests.integration.faults.uploading import Promises, Uploader
from tests.integration.faults.world import World

OBJECTS = 100
AT_ONCE = 8


@pytest.mark.timeout(400)
def test_of_seven_hundred_damaged_objects_none_is_sent(world: World) -> None:
    dataset = world.new_dataset()
    files = {
        f"{kind}/{number}.bin": secrets.token_bytes(500 + number)
        for kind in KINDS
        for number in range(OBJECTS)
    }
    client = Uploader(world.app_url, world.alice.token, Promises())
    assert client.upload(dataset, files, "batch")
    client.close()
    stored = [Stored(dataset, path, data) for path, data in files.items()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda one: spoil(world, one, one.path.partition("/")[0]), stored))
    assert completed_wrong(world, stored) == []
    sample = stored[:: OBJECTS // 2]
    assert [answer for one in sample for answer in wrong_answers(world, one)] == []


def completed_wrong(world: World, stored: Sequence[Stored]) -> list[str]:
    """Read each object as a file, as a range and as an object of DVC; return wrong answers."""

    def read(one: Stored, client: httpx.Client) -> list[str]:
        dvc = f"/dvc/{one.dataset}/files/md5/{one.md5[:2]}/{one.md5[2:]}"
        last = len(one.data) - 1
        asked: list[tuple[str, dict[str, str], bytes]] = [
            (f"/api/v1{one.url}", {}, one.data),
            (f"/api/v1{one.url}", {"Range": f"bytes=1-{last}"}, one.data[1:]),
            (dvc, {}, one.data),
        ]
        wrong = []
        for url, headers, right in asked:
            try:
                answer = client.get(url, headers=headers)
            except httpx.TransportError:
                continue  # broken off
            if answer.is_success and answer.content != right:
                wrong.append(f"{url} {headers}")
        return wrong

    token = {"PRIVATE-TOKEN": world.alice.token}
    with (
        httpx.Client(base_url=world.app_url, headers=token, timeout=60) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        return [
            wrong for found in pool.map(lambda one: read(one, client), stored) for wrong in found
        ]
