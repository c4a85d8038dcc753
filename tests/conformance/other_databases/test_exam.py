"""What the verbs rely on of `OtherDatabases`, of the adapter and of the fake alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from core.errors import Forbidden, Invalid
from core.model.json_values import JsonValue
from core.ports import OtherDatabases
from outgoing.databases import OtherAssetDatabases
from tests.fakes.clock import FakeClock
from tests.fakes.others import FakeOthers
from tests.integration.outgoing.servers import Visit, answer, answer_json, serving
from tests.servers import free_port


def lamp(number: int) -> dict[str, JsonValue]:
    return {
        "asset_uri": "",
        "asset_name": f"Lamp {number}",
        "asset_id": str(number),
        "assets_db_id": "db",
        "asset_version": {"version": "", "tag": ""},
        "asset_metadata": {},
        "asset_public_url": "",
        "asset_file_info": {},
        "asset_tags": [],
    }


LAMPS = tuple(lamp(number) for number in range(5))


@dataclass(frozen=True)
class World:
    """The port, with one address that is well and knows five lamps, one that is down, one refused."""

    others: OtherDatabases
    well: str
    down: str
    refused: str


def _of_fake() -> Iterator[World]:
    fake = FakeOthers(FakeClock())
    world = World(fake, "http://well.test", "http://down.test", "http://10.0.0.1")
    fake.documents[world.well] = LAMPS
    fake.ill[world.down] = "Nothing answers at its address."
    fake.refused.add(world.refused)
    yield world


def _of_adapter() -> Iterator[World]:
    def act(visit: Visit) -> None:
        found = answer_json({"success": True, "data": LAMPS})
        (found if visit.head.startswith("POST") else answer())(visit)

    with serving(act) as server:
        down = f"127.0.0.1:{free_port()}"
        others = OtherAssetDatabases(FakeClock(), allowed_hosts=(server.listed, down))
        yield World(others, server.url, f"http://{down}", "http://10.0.0.1")


WORLDS: dict[str, Callable[[], Iterator[World]]] = {"fake": _of_fake, "adapter": _of_adapter}


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from WORLDS[request.param]()


def test_addresses_pass_or_are_refused_in_two_ways(world: World) -> None:
    world.others.check_address(world.well)
    world.others.check_address(world.down)
    with pytest.raises(Forbidden) as refused:
        world.others.check_address(world.refused)
    assert refused.value.code == "address_not_allowed"
    with pytest.raises(Invalid):
        world.others.check_address("ftp://well.test")


def test_looks_come_in_the_order_of_the_addresses_and_raise_nothing(world: World) -> None:
    looks = world.others.look_at_health([world.down, world.well, world.down])
    assert [look.problem for look in looks] == [
        "Nothing answers at its address.",
        None,
        "Nothing answers at its address.",
    ]
    assert [look.checked_at for look in looks] == [FakeClock().now()] * 3
    assert list(world.others.look_at_health([])) == []


def test_answers_come_in_the_order_of_the_addresses_with_no_more_than_was_asked_for(
    world: World,
) -> None:
    down, well = world.others.query([world.down, world.well], {}, limit=3, timeout_seconds=2)
    assert (down.documents, down.problem) == ((), "Nothing answers at its address.")
    assert (well.documents, well.problem) == (LAMPS[:3], None)
    assert list(world.others.query([], {}, limit=3, timeout_seconds=2)) == []
