from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, NotFound
from core.model.asset_documents import REGISTRY_SHAPE
from core.model.filters.queries import parse_query
from core.model.registry import HealthCheck, RegistryEntry
from ledger.engine import Ledger
from ledger.registry import MAX_KEPT_CHECKS
from tests.conformance.records.samples import LATER, NOW, SOON, at_once, next_number

WELL = HealthCheck(NOW, 0.25)
ILL = HealthCheck(SOON, 3.5, "answers with 503: «später»")


def kept_entry(ledger: Ledger, health: HealthCheck | None = WELL) -> RegistryEntry:
    number = next_number()
    entry = RegistryEntry(
        id=f"entry-{number}",
        name=f"Models ä {number}",
        public_url="https://models.test",
        owner_id=7,
        owner_name="alice",
        created_at=NOW + timedelta(seconds=number),
        updated_at=NOW,
        metadata={"framework": "PyTorch"},
        tags=("deep-learning", "pytorch"),
        health=health,
    )
    ledger.registry.create_entry(entry)
    return entry


def found(ledger: Ledger, body: dict[str, object]) -> list[RegistryEntry]:
    query = parse_query(body, fields_of=REGISTRY_SHAPE)  # type: ignore[arg-type]
    return list(ledger.registry.query_entries(query).items)


def test_an_entry_comes_back_with_its_first_check(ledger: Ledger) -> None:
    entry, unchecked = kept_entry(ledger), kept_entry(ledger, None)
    assert ledger.registry.find_entry(entry.id) == entry
    assert ledger.registry.find_entry(unchecked.id) == unchecked
    assert list(ledger.registry.list_checks(entry.id, 9)) == [WELL]
    assert ledger.registry.find_entry("none") is None
    with pytest.raises(Conflict):
        ledger.registry.create_entry(entry)


def test_entries_of_one_owner_are_counted(ledger: Ledger) -> None:
    entry = kept_entry(ledger)
    of_nobody = ledger.registry.count_entries(None)
    everybodys = ledger.registry.count_all_entries()
    for owner_id in (4_711, 4_711, None):
        more = replace(entry, id=f"entry-{next_number()}", owner_id=owner_id)
        ledger.registry.create_entry(more)
    assert ledger.registry.count_entries(4_711) == 2
    assert ledger.registry.count_entries(None) == of_nobody + 1
    assert ledger.registry.count_entries(4_712) == 0
    assert ledger.registry.count_all_entries() == everybodys + 3


def test_entries_are_found_as_the_seed_asks_for_them(ledger: Ledger) -> None:
    entry = kept_entry(ledger)
    seeds = [
        {"asset_registry_tags": {"$in": ["deep-learning"]}},
        {"asset_registry_metadata.framework": "PyTorch"},
    ]
    assert found(ledger, {"$and": seeds}) == [entry]
    assert found(ledger, {"health.ok": False}) == []


def test_a_check_is_seen_in_the_entry_its_history_and_queries(ledger: Ledger) -> None:
    entry = kept_entry(ledger)
    ledger.registry.save_check(entry.id, ILL, url=entry.public_url)
    assert ledger.registry.find_entry(entry.id) == replace(entry, health=ILL)
    assert list(ledger.registry.list_checks(entry.id, 9)) == [ILL, WELL]
    assert list(ledger.registry.list_checks(entry.id, 1)) == [ILL]
    assert found(ledger, {"health.ok": False}) == [replace(entry, health=ILL)]


def test_the_newest_checks_are_kept(ledger: Ledger) -> None:
    entry, other = kept_entry(ledger), kept_entry(ledger)
    for number in range(MAX_KEPT_CHECKS + 5):
        check = HealthCheck(NOW + timedelta(seconds=1 + number), float(number))
        ledger.registry.save_check(entry.id, check, url=entry.public_url)
    kept = ledger.registry.list_checks(entry.id, 1_000)
    assert [check.seconds for check in kept] == list(range(MAX_KEPT_CHECKS + 4, 4, -1))
    assert len(ledger.registry.list_checks(other.id, 9)) == 1


def test_a_change_keeps_the_health_that_was_seen_meanwhile(ledger: Ledger) -> None:
    entry = kept_entry(ledger)
    ledger.registry.save_check(entry.id, ILL, url=entry.public_url)
    changed = replace(entry, name="B", metadata={}, tags=(), updated_at=SOON)
    ledger.registry.replace_entry(changed, seen_at=entry.updated_at)
    assert ledger.registry.find_entry(entry.id) == replace(changed, health=ILL)
    with pytest.raises(Conflict):
        ledger.registry.replace_entry(entry, seen_at=entry.updated_at)


def test_a_look_that_many_waited_for_is_kept_once_and_an_older_one_not_at_all(
    ledger: Ledger,
) -> None:
    entry = kept_entry(ledger)
    at_once(5, lambda _: ledger.registry.save_check(entry.id, ILL, url=entry.public_url))
    assert list(ledger.registry.list_checks(entry.id, 9)) == [ILL, WELL]
    late = HealthCheck(SOON - timedelta(microseconds=1), 0.5)
    ledger.registry.save_check(entry.id, late, url=entry.public_url)
    assert list(ledger.registry.list_checks(entry.id, 9)) == [ILL, WELL]
    assert ledger.registry.find_entry(entry.id) == replace(entry, health=ILL)


def test_a_new_address_comes_with_its_look_however_young_that_at_the_former_one_is(
    ledger: Ledger,
) -> None:
    entry = kept_entry(ledger)
    ledger.registry.save_check(entry.id, ILL, url=entry.public_url)
    there = HealthCheck(SOON - timedelta(seconds=1), 0.5)
    moved = replace(entry, public_url="https://new.test", updated_at=SOON, health=there)
    ledger.registry.replace_entry(moved, seen_at=entry.updated_at)
    assert ledger.registry.find_entry(entry.id) == moved
    assert list(ledger.registry.list_checks(entry.id, 9)) == [there, ILL, WELL]
    assert found(ledger, {"asset_registry_public_url": "https://new.test"}) == [moved]
    ledger.registry.save_check(entry.id, HealthCheck(LATER, 9.0), url=entry.public_url)
    assert ledger.registry.find_entry(entry.id) == moved
    ledger.registry.save_check(entry.id, ILL, url=moved.public_url)
    assert ledger.registry.find_entry(entry.id) == replace(moved, health=ILL)


def test_an_address_that_nobody_looked_at_is_due(ledger: Ledger) -> None:
    entry = kept_entry(ledger, HealthCheck(LATER, 0.1))
    moved = replace(entry, public_url="https://new.test", updated_at=SOON, health=None)
    ledger.registry.replace_entry(moved, seen_at=entry.updated_at)
    assert list(ledger.registry.claim_due_entries(LATER, NOW, 9)) == [moved]


def test_a_deleted_entry_leaves_nothing(ledger: Ledger) -> None:
    entry = kept_entry(ledger)
    ledger.registry.delete_entry(entry.id)
    ledger.registry.save_check(entry.id, ILL, url=entry.public_url)
    assert ledger.registry.find_entry(entry.id) is None
    assert list(ledger.registry.list_checks(entry.id, 9)) == []
    with pytest.raises(NotFound):
        ledger.registry.replace_entry(entry, seen_at=NOW)


def test_an_entry_that_is_due_is_taken_by_one_worker(ledger: Ledger) -> None:
    due, never = kept_entry(ledger), kept_entry(ledger, None)
    kept_entry(ledger, HealthCheck(LATER, 0.1))
    claimed = at_once(4, lambda _: ledger.registry.claim_due_entries(LATER, SOON, 9))
    assert sorted(one.id for some in claimed for one in some) == sorted([due.id, never.id])
    assert list(ledger.registry.claim_due_entries(LATER, SOON, 9)) == []


def test_an_entry_whose_worker_died_becomes_due_again(ledger: Ledger) -> None:
    entry = kept_entry(ledger)
    ledger.registry.claim_due_entries(SOON, NOW, 9)
    assert list(ledger.registry.claim_due_entries(LATER, SOON, 9)) == [entry]


def test_no_more_are_claimed_than_asked_for_the_longest_waiting_first(ledger: Ledger) -> None:
    kept_entry(ledger, WELL)
    never = kept_entry(ledger, None)
    assert list(ledger.registry.claim_due_entries(LATER, SOON, 1)) == [never]
