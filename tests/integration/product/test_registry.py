"""The registry of a whole Labset: the seed's lines, and the worker that looks after it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bench.stack import Running
from tests.integration.product.conftest import Person

LIMIT_SECONDS = 60.0


@pytest.fixture
def entry(stack: Running, alice: Person) -> Iterator[str]:
    """The id of an entry of the seed's own example."""
    told = {
        "asset_registry_name": "ResNet Models registry",
        "asset_registry_metadata": {"framework": "PyTorch", "version": "1.0"},
        "asset_registry_tags": ["image-classification", "deep-learning", "pytorch"],
        "asset_registry_public_url": "https://models.invalid/resnet-models-registry",
    }
    made = alice.http.post(f"{stack.ready['app_url']}/asset_registry", json=told)
    assert made.status_code == 201, made.text
    entry_id = str(made.json()["asset_registry_id"])
    yield entry_id
    alice.http.delete(f"{stack.ready['app_url']}/asset_registry/{entry_id}")


def history(stack: Running, who: Person, entry: str) -> list[dict[str, Any]]:
    looked = who.http.get(f"{stack.ready['app_url']}/check_health/{entry}")
    assert looked.status_code == 200, looked.text
    return list(looked.json()["data"]["history"])


def test_an_entry_is_its_makers_and_everybody_sees_it(
    stack: Running, entry: str, bob: Person, nobody: Person
) -> None:
    address = f"{stack.ready['app_url']}/asset_registry/{entry}"
    seen = nobody.http.get(address).json()["data"]
    assert (seen["owner"], seen["health"]["ok"]) == ("alice", False)
    change = {"asset_registry_tags": ["mine"]}
    assert nobody.http.put(address, json=change).status_code == 401
    refused = bob.http.put(address, json=change)
    assert (refused.status_code, refused.json()["details"]["ask"]) == (403, ["alice"])
    assert nobody.http.get(address).json()["data"] == seen


def test_the_worker_looks_at_what_nobody_looked_at_for_ten_minutes(
    stack: Running, entry: str, alice: Person
) -> None:
    assert len(history(stack, alice, entry)) == 1
    with sqlite3.connect(stack.home / "ledger.sqlite3", timeout=30) as ledger:
        ledger.execute("UPDATE registry_entries SET due_from = NULL WHERE id = ?", (entry,))
    ledger.close()
    limit = time.monotonic() + LIMIT_SECONDS
    address = f"{stack.ready['app_url']}/asset_registry/{entry}"
    first = alice.http.get(address).json()["data"]["health"]["checked_at"]
    while alice.http.get(address).json()["data"]["health"]["checked_at"] == first:
        assert time.monotonic() < limit, "the worker did not come"
        time.sleep(0.2)
    assert len(history(stack, alice, entry)) == 2
