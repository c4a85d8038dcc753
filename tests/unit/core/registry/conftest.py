from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from core.model.access import Actor
from core.model.assets import AssetVisibility
from core.model.registry import RegistryEntry
from core.ports import AssetPlatform, AssetRules
from core.usecases.registry.drafts import RegistryDraft
from core.usecases.registry.entries import register_database
from tests.fakes.clock import FakeClock
from tests.fakes.others import FakeOthers
from tests.fakes.people import FakePeople, some_person, who
from tests.fakes.registry import FakeRegistry

ALICE, BOB, ROOT, READER = who("alice"), who("bob"), who("root"), who("reader")
URL = "https://models.test/base"


@dataclass(slots=True)
class World:
    """A house with nothing in it but the registry, and what a test may look at."""

    house: AssetPlatform
    clock: FakeClock
    others: FakeOthers
    registry: FakeRegistry

    def registered(
        self, actor: Actor = ALICE, url: str = URL, name: str = "Models"
    ) -> RegistryEntry:
        self.clock.sleep(0.001)
        return register_database(self.house, actor, RegistryDraft(name, url, {"a": 1}, ("t",)))

    def opened(self) -> World:
        rules = replace(self.house.rules, is_open=True)
        house = replace(self.house, rules=rules)
        return replace(self, house=house)


@pytest.fixture
def world() -> World:
    clock = FakeClock()
    others, registry = FakeOthers(clock), FakeRegistry()
    absent = cast("Any", None)
    house = AssetPlatform(
        people=FakePeople(
            some_person(7, "alice"),
            some_person(8, "bob"),
            some_person(1, "root", is_admin=True),
            some_person(9, "reader"),
            readers=["reader"],
        ),
        places=absent,
        assets=absent,
        registry=registry,
        objects=absent,
        others=others,
        recognize=absent,
        clock=clock,
        rules=AssetRules("db", "https://labset.test", False, AssetVisibility.PUBLIC),  # noqa: FBT003 - is_open
    )
    return World(house, clock, others, registry)
