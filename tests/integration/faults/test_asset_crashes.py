"""Kill -9 of web processes while assets are uploaded: none is lost that was promised, none lies."""

from __future__ import annotations

import hashlib
import json
import random
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest

from tests.integration.faults.killing import killing, serves
from tests.integration.faults.world import World, eventually

SECONDS = 12
CLIENTS = 6
SIZES = (3, 40_000, 700_000, 9_000_000)  # the last ones take the way of large objects


@dataclass
class Uploads:
    """What clients sent under one tag, and what they were told."""

    url: str
    token: str
    site: int
    tag: str
    sent: dict[str, bytes] = field(default_factory=dict)
    promised: dict[str, str] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)

    def go_on(self, until: float) -> None:
        """Upload one after another; what did not end well is tried again, as a client would."""
        while time.monotonic() < until:
            version = secrets.token_hex(6)
            self.sent[version] = secrets.token_bytes(random.choice(SIZES))
            for _attempt in range(4):
                if self._upload(version):
                    break

    def _upload(self, version: str) -> bool:
        told = {
            "asset_name": self.tag,
            "asset_version": {"version": version, "tag": "a"},
            "asset_tags": [self.tag],
        }
        try:
            answer = httpx.post(
                f"{self.url}/upload_asset",
                params={"site": self.site},
                headers={"PRIVATE-TOKEN": self.token},
                files={"asset": ("a.bin", self.sent[version])},
                data={"asset_metadata": json.dumps(told)},
                timeout=60,
            )
        except httpx.TransportError:
            return False
        self.answers[answer.status_code] += 1
        if answer.status_code == 201:
            self.promised[version] = answer.json()["asset_id"]
        return answer.status_code == 201

    def find(self) -> dict[str, dict[str, str]]:
        """Return the entries that are there, by their version."""
        found = httpx.post(f"{self.url}/assets", json={"asset_tags": [self.tag]}, timeout=30).json()
        return {one["asset_version"]["version"]: one for one in found["data"]}


@pytest.fixture(scope="module")
def uploads(world: World) -> Uploads:
    """Upload and kill, until all processes are back."""
    made = Uploads(world.app_url, world.alice.token, world.s3_site, secrets.token_hex(6))
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool, killing(world, (0.3, 1.5)) as killer:
        for one in [pool.submit(made.go_on, until) for _ in range(CLIENTS)]:
            one.result()
    assert killer.kills
    eventually(lambda: serves(world.app_url), "the web processes are back", 20)
    return made


def test_every_asset_that_was_promised_is_there_with_its_bytes(uploads: Uploads) -> None:
    found = uploads.find()
    assert len(uploads.promised) >= 10, uploads.answers
    for version, asset_id in uploads.promised.items():
        assert found[version]["asset_id"] == asset_id
        assert (
            httpx.get(f"{uploads.url}/asset-object/{asset_id}", timeout=30).content
            == uploads.sent[version]
        )


def test_no_asset_that_is_there_lies(uploads: Uploads) -> None:
    for version, entry in uploads.find().items():
        got = httpx.get(f"{uploads.url}/asset-object/{entry['asset_id']}", timeout=30)
        assert got.status_code == 200, version
        assert got.content == uploads.sent[version]
        told = entry["asset_file_info"]
        assert told["sha256"] == hashlib.sha256(got.content).hexdigest()  # type: ignore[index] # JSON


def test_nobody_hears_anything_but_an_outage(uploads: Uploads) -> None:
    assert set(uploads.answers) <= {201, 503}, uploads.answers
