from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.assets_alone.servers import ALICE, Server, serving, write_tokens
from tests.integration.attacks.watching import Watch
from tests.integration.outgoing import servers as others

Registers = Callable[..., str]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator lists 127.0.0.1, where the other databases of these tests are."""
    folder = tmp_path_factory.mktemp("house")
    settings = {
        "LABSET_ALLOWED_HOSTS": "127.0.0.1",
        "LABSET_ASSETS_TOKENS": str(write_tokens(folder)),
    }
    with serving(folder / "home", settings) as server:
        yield server


@pytest.fixture
def closed_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator lists nothing."""
    folder = tmp_path_factory.mktemp("closed")
    with serving(folder / "home", {"LABSET_ASSETS_TOKENS": str(write_tokens(folder))}) as server:
        yield server


@pytest.fixture
def watch(house: Server) -> Watch:
    """What the web processes take while something is tried."""
    assert house.process is not None
    return Watch(house.process.pid)


@pytest.fixture
def registers(house: Server) -> Iterator[Registers]:
    """Register addresses for one test; return the ids of their entries."""
    made = list[str]()

    def register(url: str, **fields: Any) -> str:  # noqa: ANN401 - any JSON
        entry = {"asset_registry_name": secrets.token_hex(4), "asset_registry_public_url": url}
        answer = house.ask("POST", "/asset_registry", ALICE, json=entry | fields)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["asset_registry_id"])
        return made[-1]

    yield register
    for entry_id in made:
        house.ask("DELETE", f"/asset_registry/{entry_id}", ALICE)


@pytest.fixture
def running() -> Iterator[Callable[..., others.Server]]:
    """Start other databases that end with the test."""
    started = []

    def start(act: others.Answer) -> others.Server:
        one = others.serving(act)
        started.append(one)
        return one.__enter__()

    yield start
    for one in started:
        one.__exit__(None, None, None)


def database(*documents: object, query: others.Answer | None = None) -> others.Answer:
    """Answer as one with the seed's routes: well, and with these documents or as `query` does."""
    well, found = others.answer(), others.answer_json({"success": True, "data": list(documents)})

    def act(visit: others.Visit) -> None:
        asks = visit.head.startswith("POST /assets?")
        (query or found)(visit) if asks else well(visit)

    return act
