from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Invalid
from core.model.json_values import JsonValue
from core.usecases.registry.third_party import (
    MAX_ASKED_DATABASES,
    MAX_NAMED_NOT_ASKED,
    MAX_OTHERS_DOCUMENTS,
    SEARCH_SECONDS,
    LeftOut,
    NotAsked,
    list_not_asked,
    search_others,
)
from tests.unit.core.registry.conftest import BOB, World

FILTER: dict[str, JsonValue] = {"asset_tags": ["sample"]}


def test_healthy_databases_are_asked_all_at_once_and_told_with_their_entries(
    world: World,
) -> None:
    lamp: dict[str, JsonValue] = {"asset_name": "Lamp"}
    world.others.documents = {"https://a.test": (lamp,)}
    world.others.ill["https://ill.test"] = "Nothing answers at its address."
    entries = [world.registered(url=f"https://{name}.test") for name in ("a", "ill", "b")]
    world.others.asked.clear()
    found = search_others(world.house, FILTER)
    assert world.others.asked == ["https://a.test", "https://b.test"]
    assert world.others.queries == [(FILTER, MAX_OTHERS_DOCUMENTS, SEARCH_SECONDS)]
    assert [result.entry for result in found] == [entries[0], entries[2]]
    assert [result.answer.documents for result in found] == [(lamp,), ()]


def test_one_address_is_asked_once_however_often_it_is_registered(world: World) -> None:
    first = world.registered(url="https://a.test")
    world.registered(url="https://a.test/")
    world.others.asked.clear()
    assert [result.entry for result in search_others(world.house, FILTER)] == [first]


def test_one_server_is_asked_once_however_many_paths_of_it_are_registered(world: World) -> None:
    first = world.registered(url="https://a.test/one")
    same = [
        world.registered(url=f"https://a.test{tail}") for tail in (":443/two", "/three/", "./4")
    ]
    other = world.registered(url="https://a.test:8443/one")
    world.others.asked.clear()
    found = search_others(world.house, FILTER)
    assert [result.entry for result in found] == [first, other]
    left_out = list_not_asked(world.house, found).named
    assert [one.entry for one in left_out] == same
    assert {one.problem for one in left_out} == {
        "A search asks one database of each server, the one that was registered first."
    }


def test_the_oldest_entries_are_asked_where_there_are_too_many(world: World) -> None:
    for number in range(MAX_ASKED_DATABASES + 2):
        world.registered(url=f"https://{number}.test")
    world.others.asked.clear()
    search_others(world.house, FILTER)
    assert world.others.asked == [f"https://{number}.test" for number in range(MAX_ASKED_DATABASES)]


def test_those_that_are_not_asked_are_told_with_the_reason(world: World) -> None:
    well = world.registered(url="https://well.test")
    world.others.ill["https://ill.test"] = "Nothing answers at its address."
    ill = world.registered(url="https://ill.test")
    world.registered(url="https://well.test/")
    found = search_others(world.house, FILTER)
    assert [result.entry for result in found] == [well]
    told = LeftOut((NotAsked(ill, "Nothing answers at its address."),), 0)
    assert list_not_asked(world.house, found) == told
    world.registry.entries[ill.id] = replace(ill, health=None)
    [unseen] = list_not_asked(world.house, found).named
    assert unseen.problem == "Nobody has looked at its health yet."


def test_those_beyond_the_most_that_are_asked_are_told(world: World) -> None:
    entries = [
        world.registered(url=f"https://{number}.test") for number in range(MAX_ASKED_DATABASES + 1)
    ]
    found = search_others(world.house, FILTER)
    assert [(one.entry, one.problem) for one in list_not_asked(world.house, found).named] == [
        (entries[-1], "A search asks at most 20 databases.")
    ]


def test_a_filter_that_we_would_refuse_is_sent_to_nobody(world: World) -> None:
    world.registered()
    world.others.asked.clear()
    with pytest.raises(Invalid):
        search_others(world.house, {"$where": "sleep(1000)"})
    assert world.others.asked == []


def crowded(world: World, count: int) -> None:
    """Register one server so often that it fills pages."""
    first = world.registered(url="https://crowd.test/0")
    for number in range(1, count):
        same = replace(first, id=f"same-{number}", public_url=f"https://crowd.test/{number}")
        world.registry.create_entry(same)


def test_one_server_that_is_registered_hundreds_of_times_keeps_no_other_out(world: World) -> None:
    crowded(world, 450)
    later = world.registered(BOB, url="https://later.test")
    found = search_others(world.house, FILTER)
    assert [result.entry.public_url for result in found] == [
        "https://crowd.test/0",
        later.public_url,
    ]


def test_of_many_that_are_not_asked_the_oldest_are_named_and_the_others_counted(
    world: World,
) -> None:
    crowded(world, MAX_NAMED_NOT_ASKED + 6)
    world.registered(BOB, url="https://later.test")
    found = search_others(world.house, FILTER)
    left_out = list_not_asked(world.house, found)
    assert (len(left_out.named), left_out.further) == (MAX_NAMED_NOT_ASKED, 5)
    few = list_not_asked(world.house, found, 3)
    assert [one.entry.id for one in few.named] == ["same-1", "same-2", "same-3"]
    assert few.further == MAX_NAMED_NOT_ASKED + 2
    assert list_not_asked(world.house, found, 10_000).further == 0
