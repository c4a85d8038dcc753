from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.model.names import FilePath, Md5
from core.model.uploads import UploadFile
from ledger.engine import open_ledger
from tests.conformance.records.samples import bound_placement, kept_session, some_site
from tests.integration.database.fixtures import KEY

ROUNDS = 10
CALLS = 50


def cpu_seconds_per_call(call: Callable[[], object]) -> float:
    """Return the best of some rounds, which noise of other processes cannot lower."""

    def one_round() -> float:
        began = time.thread_time()
        for _ in range(CALLS):
            call()
        return (time.thread_time() - began) / CALLS

    return min(one_round() for _ in range(ROUNDS))


def test_what_every_file_costs_is_below_half_a_millisecond_each(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", [KEY])
    site = some_site()
    ledger.sites.save_site_record(site)
    dataset_id = bound_placement(ledger, site).dataset_id
    files = [UploadFile(FilePath(f"f{n}"), n, Md5(f"{n:032x}")) for n in range(2_000)]
    session = kept_session(ledger, files)
    calls: dict[str, Callable[[], object]] = {
        "find_upload": lambda: ledger.uploads.find_upload(session.dataset_id, session.id),
        "find_upload_file": lambda: ledger.uploads.find_upload_file(session.id, files[7].path),
        "mark_received": lambda: ledger.uploads.mark_received(session.id, files[7:8]),
    }
    costs = {name: cpu_seconds_per_call(call) for name, call in calls.items()}
    assert {name: cost for name, cost in costs.items() if cost > 0.0005} == {}
    assert cpu_seconds_per_call(lambda: ledger.bindings.find_placement(dataset_id)) < 0.00002
    ledger.close()


@pytest.mark.parametrize("many", (1, 5_000))
def test_a_session_of_many_files_is_begun_and_ended_in_a_moment(tmp_path: Path, many: int) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", [KEY])
    files = [UploadFile(FilePath(f"f{n}"), n, Md5(f"{n:032x}")) for n in range(many)]
    began = time.thread_time()
    session = kept_session(ledger, files)
    ledger.uploads.mark_received(session.id, files)
    assert len(ledger.uploads.list_upload_files(session.id)) == many
    assert time.thread_time() - began < 2
    ledger.close()
