"""The registry's routes as its seed has them, by HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from tests.integration.assets_alone.servers import ALICE, BOB, ROOT_TOKEN, Server
from tests.integration.outgoing import servers as others
from tests.integration.registry.conftest import Registers, database

SEEDS = {
    "asset_registry_name": "ResNet Models registry",
    "asset_registry_metadata": {
        "framework": "PyTorch",
        "version": "1.0",
        "author": "OpenAI",
        "license": "Apache-2.0",
    },
    "asset_registry_tags": ["image-classification", "deep-learning", "pytorch"],
    "asset_registry_public_url": "https://example.com/models/resnet-models-registry",
}


def refusal(answer: Any, status: int) -> dict[str, Any]:  # noqa: ANN401 - httpx's
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["success"] is False
    assert told["error"]
    assert told["message"]
    return dict(told)


def test_an_entry_is_made_read_changed_found_and_forgotten_as_the_seed_does(house: Server) -> None:
    made = house.ask("POST", "/asset_registry", ALICE, json=SEEDS)
    assert made.status_code == 201
    told = made.json()
    entry = told["asset_registry_id"]
    assert (told["success"], told["message"]) == (True, "Asset registry created")
    assert told["data"]["id"] == told["data"]["asset_registry_id"] == entry
    assert told["data"]["health"]["ok"] is False
    read = house.ask("GET", f"/asset_registry/{entry}").json()["data"]
    assert {name: read[name] for name in SEEDS} == SEEDS
    assert (read["asset_registry_id"], read["owner"]) == (entry, "alice")
    changes = {
        "asset_registry_metadata": {"framework": "TensorFlow models", "version": "2.0"},
        "asset_registry_tags": ["neural-network", "tensorflow"],
    }
    changed = house.ask("PUT", f"/asset_registry/{entry}", ALICE, json=changes)
    assert (changed.status_code, changed.json()["message"]) == (200, "Asset registry updated")
    read = house.ask("GET", f"/asset_registry/{entry}").json()["data"]
    assert {name: read[name] for name in SEEDS} == SEEDS | changes
    seeds_filter = {
        "$and": [
            {"asset_registry_tags": {"$in": ["tensorflow"]}},
            {"asset_registry_metadata.framework": "TensorFlow models"},
        ]
    }
    assert [one["asset_registry_id"] for one in house.find(seeds_filter, "/asset_registries")] == [
        entry
    ]
    gone = house.ask("DELETE", f"/asset_registry/{entry}", ALICE)
    assert (gone.status_code, gone.json()["message"]) == (200, "Asset registry deleted")
    for method, path in (
        ("GET", "asset_registry"),
        ("DELETE", "asset_registry"),
        ("GET", "check_health"),
    ):
        told = refusal(house.ask(method, f"/{path}/{entry}", ALICE), 404)
        assert told["error"] == "registry_entry_not_found"


@dataclass
class AssetsDBRegistry:
    """The class of the seed, as it is printed there."""

    asset_registry_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    asset_registry_name: str = ""
    asset_registry_metadata: dict[str, str] = field(default_factory=dict)
    asset_registry_tags: list[str] = field(default_factory=list)
    asset_registry_public_url: str = ""


def test_an_entry_of_the_seeds_own_class_keeps_the_id_that_it_made(house: Server) -> None:
    entry = AssetsDBRegistry(
        asset_registry_name="Models", asset_registry_public_url="https://example.com"
    )
    made = house.ask("POST", "/asset_registry", ALICE, json=asdict(entry))
    assert made.status_code == 201, made.text
    assert made.json()["asset_registry_id"] == entry.asset_registry_id
    read = house.ask("GET", f"/asset_registry/{entry.asset_registry_id}").json()["data"]
    assert {name: read[name] for name in asdict(entry)} == asdict(entry)
    told = refusal(house.ask("POST", "/asset_registry", BOB, json=asdict(entry)), 409)
    assert told["error"] == "registry_entry_exists"


@pytest.mark.parametrize("method", ("POST", "PUT"))
def test_what_curl_says_by_itself_of_json_is_no_reason_to_refuse_it(
    house: Server, registers: Registers, method: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = f"/asset_registry/{registers('https://example.com')}" if method == "PUT" else "/assets"
    for body, status in ((b"{}", 200), (b"a=1&b=2", 400), (b"", 400)):
        answer = house.ask(method, path, ALICE, content=body, headers=form)
        assert answer.status_code == status, answer.text
    refused = house.ask(method, path, ALICE, files={"asset": b"{}"})
    assert "Content-Type: application/json" in refusal(refused, 415)["message"]


def test_the_seeds_example_of_a_change_is_no_json_and_is_told_so(
    house: Server, registers: Registers
) -> None:
    entry = registers("https://example.com")
    body = """{
    "asset_registry_metadata": {
        "framework": "TensorFlow" models,
        "version": "2.0"
    },
    "asset_registry_tags": ["neural-network", "tensorflow"]
}"""
    headers = {"Content-Type": "application/json"}
    answer = house.ask("PUT", f"/asset_registry/{entry}", ALICE, content=body, headers=headers)
    told = refusal(answer, 400)
    assert "no JSON" in told["message"]
    assert "line 3" in told["message"]


@pytest.mark.parametrize(
    "body",
    (
        b"",
        b"[]",
        b"{",
        b'{"asset_registry_name": "a", "asset_registry_name": "b"}',
        b'{"asset_registry_name": NaN}',
        b'{"asset_registry_name": "a"}',
        b'{"asset_registry_public_url": "https://a.test"}',
        b'{"asset_registry_name": "a", "asset_registry_public_url": "ftp://a.test"}',
        b'{"asset_registry_name": "a", "asset_registry_public_url": "https://a.test", "owner": "x"}',
        b'{"asset_registry_name": "\\ud800", "asset_registry_public_url": "https://a.test"}',
        b"[" * 100_000,
    ),
)
def test_a_body_that_cannot_be_is_refused_and_nothing_is_kept(house: Server, body: bytes) -> None:
    before = len(house.find({}, "/asset_registries"))
    headers = {"Content-Type": "application/json"}
    refusal(house.ask("POST", "/asset_registry", ALICE, content=body, headers=headers), 400)
    assert len(house.find({}, "/asset_registries")) == before


def test_metadata_of_more_than_64_kib_is_too_large(house: Server, registers: Registers) -> None:
    large = {"asset_registry_metadata": {"x": "y" * 65_536}}
    told = refusal(house.ask("POST", "/asset_registry", ALICE, json=SEEDS | large), 413)
    assert told["details"] == {"field": "asset_registry_metadata"}
    registers("https://a.test", asset_registry_metadata={"x": "y" * 65_000})


def test_others_change_nothing_and_administrators_do(house: Server, registers: Registers) -> None:
    entry = registers("https://a.test")
    path, change = f"/asset_registry/{entry}", {"asset_registry_name": "mine"}
    refusal(house.ask("PUT", path, json=change), 401)
    refusal(house.ask("PUT", path, "no-token-of-anybody-here", json=change), 401)
    assert refusal(house.ask("PUT", path, BOB, json=change), 403)["details"]["ask"] == ["alice"]
    refusal(house.ask("DELETE", path, BOB), 403)
    assert house.ask("GET", path).json()["data"]["asset_registry_name"] != "mine"
    assert house.ask("PUT", path, ROOT_TOKEN, json=change).status_code == 200
    assert house.ask("GET", path).json()["data"]["asset_registry_name"] == "mine"


def test_pages_of_entries_follow_one_another(house: Server, registers: Registers) -> None:
    made = [
        registers("https://a.test", asset_registry_tags=["paged"], asset_registry_name=name)
        for name in "cab"
    ]
    query, path = {"asset_registry_tags": ["paged"]}, "/asset_registries?sort=asset_registry_name"
    first = house.ask("POST", f"{path}&limit=2&fields=asset_registry_name", json=query).json()
    assert [one["asset_registry_name"] for one in first["data"]] == ["a", "b"]
    assert set(first["data"][0]) == {"asset_registry_id", "asset_registry_name"}
    rest = house.ask("POST", f"{path}&limit=2&cursor={first['next']}", json=query).json()
    assert [one["asset_registry_id"] for one in rest["data"]] == [made[0]]
    assert rest["next"] is None


def test_health_is_looked_at_told_again_and_remembered(
    house: Server, registers: Registers, running: Callable[..., others.Server]
) -> None:
    server = running(database())
    entry = registers(server.url + "/base/")
    looked = house.ask("GET", f"/check_health/{entry}").json()
    assert looked["success"] is True
    health = looked["data"]
    assert (health["status"], health["ok"], health["problem"]) == ("healthy", True, None)
    assert len(health["history"]) == 1
    assert [visit.head.split(" ")[1] for visit in server.visits] == ["/base/health"]
    assert house.find({"health.ok": True, "asset_registry_id": entry}, "/asset_registries")


def test_an_ill_database_is_registered_and_looked_at_anew_where_its_address_changes(
    house: Server, registers: Registers, running: Callable[..., others.Server]
) -> None:
    ill, well = running(others.answer(b"no", "503 No")), running(database())
    entry = registers(ill.url)
    looked = house.ask("GET", f"/check_health/{entry}").json()["data"]
    assert (looked["status"], looked["problem"]) == ("unhealthy", "It answered with status 503.")
    moved = {"asset_registry_public_url": well.url}
    changed = house.ask("PUT", f"/asset_registry/{entry}", ALICE, json=moved).json()
    assert changed["data"]["health"]["ok"] is True
    looked = house.ask("GET", f"/check_health/{entry}").json()["data"]
    assert [one["ok"] for one in looked["history"]] == [True, False]
