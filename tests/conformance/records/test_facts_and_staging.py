from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.model.access import Secret
from core.model.names import DatasetId, Md5
from core.model.storage import ObjectFacts
from ledger.engine import Ledger, open_ledger
from tests.conformance.records.samples import at_once, some_placement, some_site

DATASET = DatasetId(4473)
KEYS = [Secret("a key of the tests, long enough to be one")]


def some_facts(number: int, blocks: int = 0) -> ObjectFacts:
    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    md5 = Md5(f"{number:032x}", is_directory=number % 2 == 1)
    table = tuple(digest(f"{number} {block}") for block in range(blocks))
    return ObjectFacts(md5, 2**40 + number, digest(str(number)), table)


def test_facts_are_known_at_once_and_by_another_process_a_moment_later(
    ledger: Ledger, database_url: str
) -> None:
    facts = [some_facts(number, blocks=number) for number in range(5)]
    ledger.facts.remember_facts(DATASET, facts)
    assert [ledger.facts.find_facts(DATASET, one.md5) for one in facts] == facts
    other = open_ledger(database_url, KEYS)
    deadline = time.monotonic() + 10
    while other.facts.find_facts(DATASET, facts[4].md5) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [other.facts.find_facts(DATASET, one.md5) for one in facts] == facts
    other.close()


def test_the_sha256s_of_many_are_told_written_or_waiting(ledger: Ledger, database_url: str) -> None:
    facts = [some_facts(number) for number in range(1200)]
    ledger.facts.remember_facts(DATASET, facts)
    wanted = [one.md5 for one in facts]
    known = {one.md5: one.sha256 for one in facts}
    assert ledger.facts.find_sha256s(DATASET, [*wanted, Md5("f" * 32)]) == known
    other = open_ledger(database_url, KEYS)
    deadline = time.monotonic() + 10
    while other.facts.find_sha256s(DATASET, wanted) != known:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert other.facts.find_sha256s(DatasetId(4474), wanted) == {}
    other.close()


def test_facts_are_of_one_dataset_and_a_listing_is_not_a_file_of_the_same_md5(
    ledger: Ledger,
) -> None:
    one = some_facts(2)
    ledger.facts.remember_facts(DATASET, [one])
    assert ledger.facts.find_facts(DatasetId(1), one.md5) is None
    assert ledger.facts.find_facts(DATASET, replace(one.md5, is_directory=True)) is None


def test_closing_writes_what_waits_and_the_last_word_counts(
    ledger: Ledger, database_url: str
) -> None:
    former, latter = some_facts(2), replace(some_facts(2), sha256="f" * 64)
    at_once(20, lambda number: ledger.facts.remember_facts(DATASET, [some_facts(100 + number)]))
    ledger.facts.remember_facts(DATASET, [former])
    ledger.facts.remember_facts(DATASET, [latter])
    ledger.close()
    other = open_ledger(database_url, KEYS)
    assert other.facts.find_facts(DATASET, former.md5) == latter
    found = [other.facts.find_facts(DATASET, some_facts(100 + number).md5) for number in range(20)]
    assert None not in found
    other.close()


def test_temporary_objects_are_listed_until_they_are_forgotten(ledger: Ledger) -> None:
    placement = some_placement(some_site())
    ledger.staging.record_staging(placement, "tmp/one", None)
    ledger.staging.record_staging(placement, "tmp/one", "multipart-7")
    ledger.staging.record_staging(placement, "tmp/two", None)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    dataset_id = placement.dataset_id
    assert set(ledger.staging.list_staging(soon)) == {
        (dataset_id, "tmp/one", "multipart-7"),
        (dataset_id, "tmp/two", None),
    }
    assert ledger.staging.list_staging(soon - timedelta(minutes=2)) == []
    ledger.staging.forget_staging(placement, "tmp/one")
    ledger.staging.forget_staging(placement, "tmp/one")
    assert ledger.staging.list_staging(soon) == [(dataset_id, "tmp/two", None)]
