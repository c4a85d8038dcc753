from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.model.access import ANONYMOUS
from core.model.registry import RegistryEntry
from core.usecases.registry.drafts import RegistryDraft, read_registry_changes
from core.usecases.registry.entries import (
    MAX_OWNED_ENTRIES,
    change_entry,
    delete_entry,
    entry_permissions,
    find_entry,
    register_database,
)
from tests.fakes.people import who
from tests.unit.core.registry.conftest import ALICE, BOB, READER, ROOT, URL, World


def renamed(entry: RegistryEntry) -> RegistryDraft:
    return read_registry_changes({"asset_registry_name": "New"}, entry)


def moved(entry: RegistryEntry) -> RegistryDraft:
    return read_registry_changes({"asset_registry_public_url": "https://new.test"}, entry)


def test_a_database_is_looked_at_before_it_is_kept(world: World) -> None:
    entry = world.registered()
    assert world.others.asked == [URL]
    assert find_entry(world.house, entry.id) == entry
    assert entry.health is not None
    assert entry.health.ok
    assert (entry.owner_id, entry.owner_name) == (7, "alice")


def test_an_id_that_somebody_made_is_kept_and_taken_once(world: World) -> None:
    draft = RegistryDraft("Models", URL, id="123e4567-e89b-12d3-a456-426614174000")
    assert register_database(world.house, ALICE, draft).id == draft.id
    world.others.asked.clear()
    with pytest.raises(Conflict) as taken:
        register_database(world.house, BOB, replace(draft, name="Other"))
    assert taken.value.code == "registry_entry_exists"
    assert find_entry(world.house, draft.id).name == "Models"
    assert world.others.asked == []


def test_one_owner_registers_no_more_than_there_is_room_for(world: World) -> None:
    entry = world.registered()
    for number in range(MAX_OWNED_ENTRIES - 1):
        world.registry.create_entry(replace(entry, id=f"entry-{number}"))
    world.others.asked.clear()
    with pytest.raises(Conflict, match=f"alice has registered {MAX_OWNED_ENTRIES} ") as full:
        world.registered()
    assert full.value.code == "registry_full"
    assert world.others.asked == []
    register_database(world.house, BOB, RegistryDraft("Models", URL))
    delete_entry(world.house, ALICE, entry.id)
    world.registered()


def test_a_database_whose_first_look_fails_is_kept_with_what_was_seen(world: World) -> None:
    world.others.ill[URL] = "Nothing answers at its address."
    entry = world.registered()
    assert entry.health is not None
    assert entry.health.problem == "Nothing answers at its address."
    assert list(world.registry.list_checks(entry.id, 9)) == [entry.health]


def test_an_address_that_may_not_be_called_is_refused_before_anything_is_sent(
    world: World,
) -> None:
    world.others.refused.add("http://10.0.0.1")
    with pytest.raises(Forbidden) as refused:
        world.registered(url="http://10.0.0.1")
    assert refused.value.code == "address_not_allowed"
    assert (world.others.asked, world.registry.entries) == ([], {})


def test_nobody_registers_without_a_token_that_may_write(world: World) -> None:
    for stranger, refusal in (
        (ANONYMOUS, Unauthenticated),
        (who("unknown"), Unauthenticated),
        (READER, Forbidden),
    ):
        with pytest.raises(refusal):
            world.registered(stranger)
    assert (world.others.asked, world.registry.entries) == ([], {})


def test_in_an_open_house_nobody_in_particular_registers_and_anybody_changes(
    world: World,
) -> None:
    opened = world.opened()
    entry = opened.registered(ANONYMOUS)
    assert (entry.owner_id, entry.owner_name) == (None, "")
    assert change_entry(opened.house, ANONYMOUS, entry.id, renamed).name == "New"
    assert change_entry(opened.house, BOB, entry.id, renamed).name == "New"
    with pytest.raises(Forbidden):
        change_entry(world.house, BOB, entry.id, renamed)
    with pytest.raises(Unauthenticated):
        delete_entry(opened.house, who("unknown"), entry.id)
    delete_entry(opened.house, ANONYMOUS, entry.id)
    assert world.registry.entries == {}


def test_what_belongs_to_somebody_is_his_in_an_open_house_as_well(world: World) -> None:
    opened = world.opened()
    entry = opened.registered(ALICE)
    with pytest.raises(Forbidden) as refused:
        change_entry(opened.house, BOB, entry.id, renamed)
    assert refused.value.ask == ("alice",)
    for act in (partial(change_entry, read_changes=renamed), delete_entry):
        with pytest.raises(Unauthenticated, match="send a token"):
            act(opened.house, ANONYMOUS, entry.id)


def test_owners_and_administrators_change_and_others_do_not(world: World) -> None:
    entry = world.registered()
    with pytest.raises(Forbidden):
        change_entry(world.house, BOB, entry.id, renamed)
    with pytest.raises(Forbidden):
        delete_entry(world.house, BOB, entry.id)
    changed = change_entry(world.house, ALICE, entry.id, renamed)
    assert changed == replace(entry, name="New", updated_at=changed.updated_at)
    assert changed.updated_at > entry.updated_at
    delete_entry(world.house, ROOT, entry.id)
    with pytest.raises(NotFound) as gone:
        find_entry(world.house, entry.id)
    assert gone.value.code == "registry_entry_not_found"


@pytest.mark.parametrize("entry_id", ("\x00", "a\x00", "\ud800"))
def test_an_id_that_no_database_keeps_is_not_even_looked_for(world: World, entry_id: str) -> None:
    world.registry.entries[entry_id] = world.registered()
    with pytest.raises(NotFound) as missing:
        find_entry(world.house, entry_id)
    assert missing.value.code == "registry_entry_not_found"


def test_a_body_is_read_only_of_who_may_change(world: World) -> None:
    entry = world.registered()

    def read(_: RegistryEntry) -> RegistryDraft:
        raise AssertionError

    with pytest.raises(Forbidden):
        change_entry(world.house, BOB, entry.id, read)


def test_a_new_address_is_checked_and_looked_at_and_an_old_one_is_not(world: World) -> None:
    entry = world.registered()
    change_entry(world.house, ALICE, entry.id, renamed)
    assert world.others.asked == [URL]
    world.others.ill["https://new.test"] = "It did not answer in time."
    changed = change_entry(world.house, ALICE, entry.id, moved)
    assert world.others.asked == [URL, "https://new.test"]
    assert changed.id == entry.id
    assert find_entry(world.house, entry.id) == changed
    assert changed.health is not None
    assert changed.health.problem == "It did not answer in time."


def test_a_new_address_that_may_not_be_called_changes_nothing(world: World) -> None:
    entry = world.registered()
    world.others.refused.add("https://new.test")
    with pytest.raises(Forbidden):
        change_entry(world.house, ALICE, entry.id, moved)
    assert find_entry(world.house, entry.id) == entry


def test_of_two_changes_at_once_one_wins(world: World) -> None:
    entry = world.registered()

    def late(seen: RegistryEntry) -> RegistryDraft:
        change_entry(world.house, ALICE, entry.id, renamed)
        return moved(seen)

    with pytest.raises(Conflict):
        change_entry(world.house, ALICE, entry.id, late)
    assert find_entry(world.house, entry.id).name == "New"


def test_permissions_say_whom_to_ask(world: World) -> None:
    entry = world.registered()
    assert entry_permissions(world.house, ALICE, entry)["write"].allowed
    assert entry_permissions(world.house, ROOT, entry)["delete"].allowed
    of_nobody = entry_permissions(world.house, ANONYMOUS, entry)["write"]
    assert (of_nobody.allowed, of_nobody.ask) == (False, ("alice",))


def test_a_draft_without_an_address_cannot_be(world: World) -> None:
    with pytest.raises(Invalid):
        register_database(world.house, ALICE, RegistryDraft("Models", ""))
