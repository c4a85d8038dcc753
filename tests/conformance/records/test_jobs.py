from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict, Invalid, NotFound
from core.model.jobs import JobState
from ledger.engine import Ledger
from tests.conformance.records.samples import LATER, NOW, SOON, at_once, some_job


def test_a_job_comes_back_as_it_was_kept(ledger: Ledger) -> None:
    job = replace(some_job(), result={"commit": "c" * 40, "files": [1, None, "ä\x00"]})
    ledger.jobs.create_job(job)
    assert ledger.jobs.find_job(job.id) == job
    assert ledger.jobs.find_job("absent") is None
    with pytest.raises(Conflict):
        ledger.jobs.create_job(job)


def test_of_fifty_who_claim_a_job_one_gets_it(ledger: Ledger) -> None:
    job = some_job()
    ledger.jobs.create_job(job)
    claims = at_once(50, lambda _: ledger.jobs.claim_job(job.id, NOW, SOON))
    won = [claim for claim in claims if claim is not None]
    assert won == [replace(job, state=JobState.RUNNING, attempts=1, lease_until=SOON)]


def test_a_job_with_a_dead_lease_is_taken_over_and_its_attempts_are_counted(ledger: Ledger) -> None:
    job = some_job()
    ledger.jobs.create_job(job)
    ledger.jobs.claim_job(job.id, NOW, SOON)
    assert ledger.jobs.claim_job(job.id, NOW, SOON) is None
    again = ledger.jobs.claim_job(job.id, SOON, LATER)
    assert again is not None
    assert again.attempts == 2


def test_progress_keeps_the_lease_alive(ledger: Ledger) -> None:
    job = some_job()
    ledger.jobs.create_job(job)
    ledger.jobs.claim_job(job.id, NOW, SOON)
    ledger.jobs.save_progress(job.id, done=3, total=10**10, message="copies", lease_until=LATER)
    found = ledger.jobs.find_job(job.id)
    assert found is not None
    assert (found.done, found.total, found.message) == (3, 10**10, "copies")
    assert ledger.jobs.claim_job(job.id, SOON, LATER) is None


def test_an_outcome_is_final_and_may_be_said_twice(ledger: Ledger) -> None:
    job = some_job()
    ledger.jobs.create_job(job)
    ledger.jobs.claim_job(job.id, NOW, SOON)
    for _ in range(2):
        ledger.jobs.end_job(job.id, JobState.DONE, message="done", result={"files": 2})
    with pytest.raises(Conflict):
        ledger.jobs.end_job(job.id, JobState.FAILED, message="late", result={})
    with pytest.raises(Conflict):
        ledger.jobs.save_progress(job.id, done=1, total=1, message="late", lease_until=LATER)
    found = ledger.jobs.find_job(job.id)
    assert found is not None
    assert (found.state, found.message, found.result) == (JobState.DONE, "done", {"files": 2})
    assert found.lease_until is None
    assert ledger.jobs.claim_job(job.id, LATER, LATER) is None


def test_what_is_no_outcome_or_no_job_is_refused(ledger: Ledger) -> None:
    job = some_job()
    ledger.jobs.create_job(job)
    with pytest.raises(Invalid):
        ledger.jobs.end_job(job.id, JobState.QUEUED, message="", result={})
    with pytest.raises(NotFound):
        ledger.jobs.end_job("absent", JobState.DONE, message="", result={})
    with pytest.raises(NotFound):
        ledger.jobs.save_progress("absent", done=0, total=0, message="", lease_until=SOON)


def test_queued_jobs_and_those_with_dead_leases_wait_the_oldest_first(ledger: Ledger) -> None:
    queued, running, ended, youngest = (some_job() for _ in range(4))
    for job in (youngest, ended, running, queued):
        ledger.jobs.create_job(job)
    ledger.jobs.claim_job(running.id, NOW, SOON)
    ledger.jobs.end_job(ended.id, JobState.FAILED, message="", result={})
    assert [job.id for job in ledger.jobs.list_waiting_jobs(NOW)] == [queued.id, youngest.id]
    waiting = [job.id for job in ledger.jobs.list_waiting_jobs(SOON)]
    assert waiting == [queued.id, running.id, youngest.id]


def test_the_newest_job_about_a_thing_is_found(ledger: Ledger) -> None:
    old = replace(some_job(), kind="verification", subject="5@abc")
    new = replace(some_job(), kind="verification", subject="5@abc")
    new = replace(new, created_at=old.created_at + timedelta(seconds=1))
    for job in (new, old, replace(some_job(), kind="other", subject="5@abc")):
        ledger.jobs.create_job(job)
    assert ledger.jobs.find_newest_job("verification", "5@abc") == new
    assert ledger.jobs.find_newest_job("verification", "5@abcd") is None
