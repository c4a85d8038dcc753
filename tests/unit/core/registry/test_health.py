from __future__ import annotations

import pytest

from core.errors import NotFound
from core.usecases.registry.drafts import read_registry_changes
from core.usecases.registry.entries import change_entry
from core.usecases.registry.health import check_due, check_health, list_health
from tests.unit.core.registry.conftest import ALICE, URL, World


def test_a_young_look_is_told_again_and_an_older_one_is_repeated(world: World) -> None:
    entry = world.registered()
    world.clock.sleep(9)
    assert check_health(world.house, entry.id) == entry.health
    assert world.others.asked == [URL]
    world.clock.sleep(2)
    world.others.ill[URL] = "It answered with status 503."
    check = check_health(world.house, entry.id)
    assert check.problem == "It answered with status 503."
    assert world.others.asked == [URL, URL]
    assert list(list_health(world.house, entry.id, 20)) == [check, entry.health]


def test_nothing_is_looked_at_that_is_not_registered(world: World) -> None:
    with pytest.raises(NotFound):
        check_health(world.house, "none")
    with pytest.raises(NotFound):
        list_health(world.house, "none", 20)
    assert world.others.asked == []


def test_each_entry_is_due_once_in_ten_minutes(world: World) -> None:
    one, other = world.registered(), world.registered(url="https://b.test")
    assert check_due(world.house) == 0
    world.clock.sleep(600)
    world.others.ill["https://b.test"] = "Nothing answers at its address."
    assert check_due(world.house) == 2
    assert check_due(world.house) == 0
    assert [check.ok for check in list_health(world.house, one.id, 9)] == [True, True]
    assert [check.ok for check in list_health(world.house, other.id, 9)] == [False, True]


def test_no_more_are_looked_at_in_one_turn_than_asked_for(world: World) -> None:
    for number in range(3):
        world.registered(url=f"https://{number}.test")
    world.clock.sleep(600)
    assert [check_due(world.house, 2) for _ in range(3)] == [2, 1, 0]


def test_a_look_that_many_wait_for_is_in_the_history_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = world.registered()
    world.clock.sleep(600)
    look = world.others.look_at_health

    def shared_look(urls: list[str]) -> object:
        monkeypatch.setattr(world.others, "look_at_health", look)
        check_health(world.house, entry.id)
        return look(urls)

    monkeypatch.setattr(world.others, "look_at_health", shared_look)
    check_health(world.house, entry.id)
    assert len(list_health(world.house, entry.id, 9)) == 2


def test_a_look_at_a_former_address_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = world.registered()
    world.clock.sleep(600)
    look = world.others.look_at_health

    def slow_look(urls: list[str]) -> object:
        monkeypatch.setattr(world.others, "look_at_health", look)
        change_entry(
            world.house,
            ALICE,
            entry.id,
            lambda now: read_registry_changes(
                {"asset_registry_public_url": "https://new.test"}, now
            ),
        )
        world.others.ill[URL] = "Nothing answers at its address."
        return look(urls)

    monkeypatch.setattr(world.others, "look_at_health", slow_look)
    assert check_due(world.house) == 1
    assert all(check.ok for check in list_health(world.house, entry.id, 9))
