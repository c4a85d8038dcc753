from __future__ import annotations

from datetime import timedelta

from core.model.names import DatasetId
from core.model.refusals import Refusal
from ledger.engine import Ledger
from tests.conformance.records.samples import NOW

DATASET = DatasetId(12)
OLD = Refusal(NOW, "POST", "forbidden", "needs Developer on lab ä. Ask carol.")
NEW = Refusal(NOW + timedelta(minutes=1), "GET", "site_access", "needs access to the site.")


def test_the_newest_refusal_of_each_person_and_dataset_is_kept(ledger: Ledger) -> None:
    records = ledger.refusals
    records.save_refusal(7, DATASET, OLD)
    records.save_refusal(7, DATASET, NEW)
    records.save_refusal(8, DATASET, OLD)
    assert records.find_refusal(7, DATASET, NEW.at) == NEW
    assert records.find_refusal(8, DATASET, NEW.at) == OLD
    assert records.find_refusal(7, DatasetId(13), NEW.at) is None


def test_a_refusal_that_was_read_is_forgotten_for_that_person_alone(ledger: Ledger) -> None:
    records = ledger.refusals
    for person in (7, 8):
        records.save_refusal(person, DATASET, OLD)
    records.delete_refusal(7, DATASET)
    records.delete_refusal(7, DATASET)
    assert records.find_refusal(7, DATASET, NOW) is None
    assert records.find_refusal(8, DATASET, NOW) == OLD


def test_a_refusal_is_told_and_kept_for_seven_days(ledger: Ledger) -> None:
    records = ledger.refusals
    records.save_refusal(7, DATASET, OLD)
    almost, after = NOW + timedelta(days=6, hours=23), NOW + timedelta(days=7)
    assert records.sweep_refusals(almost) == 0
    assert records.find_refusal(7, DATASET, almost) == OLD
    assert records.find_refusal(7, DATASET, after) is None
    assert records.sweep_refusals(after) == 1
