from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import Empty
from types import SimpleNamespace
from typing import Any, cast

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu import Connection

from app.broker import clear_leftovers
from app.jobs import QUEUE, RUN_JOB, count_messages, make_celery, make_wake, run_job
from app.reconciler import Upkeep
from core.errors import Conflict, Unavailable
from core.model.jobs import MAX_ATTEMPTS, Job, JobState
from core.ports import Platform
from tests.integration.shell.conftest import House

WAIT_SECONDS = 20.0


def until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.02)


def new_job(house: House, number: int = 1) -> str:
    name = f"{number:032x}"
    made = Job(name, "count", "4473", "alice", JobState.QUEUED, house.clock.now())
    house.ledger.jobs.create_job(made)
    return name


def state_of(house: House, job_id: str) -> JobState:
    found = house.ledger.jobs.find_job(job_id)
    assert found is not None
    return found.state


def platform_of(house: House) -> Platform:
    return house.services().platform


@contextmanager
def working(celery: Celery, platform: Platform, done: list[str]) -> Iterator[None]:
    def count(_platform: Platform, job: Job) -> Mapping[str, object]:
        done.append(job.id)
        return {"counted": 1}

    @celery.task(name=RUN_JOB, shared=False)
    def run(job_id: str) -> None:
        run_job(platform, {"count": count}, job_id)

    with start_worker(celery, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield


@pytest.fixture
def celery(house: House) -> Iterator[Celery]:
    made = make_celery(house.settings)
    yield made
    made.close()


def test_a_woken_job_is_done_by_the_worker(house: House, celery: Celery) -> None:
    job_id, done = new_job(house), cast("list[str]", [])
    with working(celery, platform_of(house), done):
        make_wake(celery)(job_id)
        until(lambda: state_of(house, job_id) is JobState.DONE)
    found = house.ledger.jobs.find_job(job_id)
    assert found is not None
    assert found.result == {"counted": 1}


def test_a_job_that_is_woken_five_times_is_done_once(house: House, celery: Celery) -> None:
    job_id, done = new_job(house), cast("list[str]", [])
    wake = make_wake(celery)
    for _ in range(5):
        wake(job_id)
    with working(celery, platform_of(house), done):
        until(lambda: count_messages(celery) == 0)
        until(lambda: state_of(house, job_id) is JobState.DONE)
    assert done == [job_id]


def test_messages_carry_ids_alone(house: House, celery: Celery) -> None:
    make_wake(celery)(new_job(house))
    message = next((house.settings.home / "broker").glob("*.msg")).read_text()
    assert "alice" not in message
    assert count_messages(celery) == 1


class Folder:
    """The broker's folder, written and emptied by many at once."""

    def __init__(self, place: Path) -> None:
        self.options = {"data_folder_in": str(place), "data_folder_out": str(place)}
        self.taken: list[int] = []
        self.ended = threading.Event()

    @contextmanager
    def channel(self) -> Iterator[Any]:
        url = "labset-folder://localhost/"
        with (
            Connection(url, transport_options=self.options) as connection,
            connection.channel() as channel,
        ):
            yield channel

    def put(self, start: int) -> None:
        with self.channel() as channel:
            for number in range(start, start + 100):
                channel._put(QUEUE, {"n": number})

    def take(self, _number: int) -> None:
        with self.channel() as channel:
            while not self.ended.is_set():
                with suppress(Empty):
                    self.taken.append(channel._get(QUEUE)["n"])


def test_every_message_is_taken_once_however_many_write_and_take(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        takers = [pool.submit(folder.take, number) for number in range(4)]
        for writer in [pool.submit(folder.put, start) for start in range(0, 400, 100)]:
            writer.result()
        until(lambda: len(folder.taken) >= 400)
        folder.ended.set()
        for taker in takers:
            taker.result()
    assert sorted(folder.taken) == list(range(400))
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_goes_after_an_hour(tmp_path: Path) -> None:
    for name, age in ((".old.taken", 4000), (".new.taken", 10), ("1_a.labset.msg", 4000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    clear_leftovers(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {".new.taken", "1_a.labset.msg"}


def test_a_job_that_fails_says_why(house: House) -> None:
    def refuse(_platform: Platform, _job: Job) -> Mapping[str, object]:
        raise Conflict("The name is taken.", code="name_taken")

    job_id = new_job(house)
    run_job(platform_of(house), {"count": refuse}, job_id)
    found = house.ledger.jobs.find_job(job_id)
    assert found is not None
    assert (found.state, found.message) == (JobState.FAILED, "The name is taken.")
    assert found.result == {"error": "name_taken"}


def test_a_job_of_ours_that_breaks_ends_without_telling_secrets(house: House) -> None:
    def crash(_platform: Platform, _job: Job) -> Mapping[str, object]:
        raise RuntimeError("password=c4nary")

    job_id = new_job(house)
    run_job(platform_of(house), {"count": crash}, job_id)
    found = house.ledger.jobs.find_job(job_id)
    assert found is not None
    assert found.state is JobState.FAILED
    assert "c4nary" not in found.message


def test_a_job_waits_for_what_does_not_answer_and_is_taken_again(house: House) -> None:
    def stall(_platform: Platform, _job: Job) -> Mapping[str, object]:
        raise Unavailable("GitLab does not answer.")

    platform, job_id = platform_of(house), new_job(house)
    run_job(platform, {"count": stall}, job_id)
    assert state_of(house, job_id) is JobState.RUNNING
    assert platform.jobs.list_waiting_jobs(house.clock.now()) == []
    for _ in range(MAX_ATTEMPTS):
        house.clock.ahead += timedelta(seconds=61)
        run_job(platform, {"count": stall}, job_id)
    house.clock.ahead += timedelta(seconds=61)
    run_job(platform, {"count": stall}, job_id)
    assert state_of(house, job_id) in (JobState.FAILED, JobState.RUNNING)


def upkeep(house: House, celery: Celery, **changes: Any) -> Upkeep:  # noqa: ANN401 - fields differ
    rules = SimpleNamespace(assets_db_id="here")
    assets = SimpleNamespace(clock=house.clock, assets=house.ledger.assets, rules=rules)
    made = Upkeep(
        platform=platform_of(house),
        assets=cast("Any", assets),
        logins=house.ledger.logins,
        sweep_staging=lambda _moment: 0,
        count_messages=lambda: count_messages(celery),
        wake=make_wake(celery),
        home=house.settings.home,
    )
    (house.settings.home / "worker").mkdir(exist_ok=True)
    return replace(made, **changes)


def test_the_reconciler_wakes_a_job_whose_message_was_lost(house: House, celery: Celery) -> None:
    job_id, done = new_job(house), cast("list[str]", [])
    upkeep(house, celery).go_round()
    assert count_messages(celery) == 1
    with working(celery, platform_of(house), done):
        until(lambda: state_of(house, job_id) is JobState.DONE)


def test_the_reconciler_does_not_flood_a_busy_worker(house: House, celery: Celery) -> None:
    for number in range(5):
        new_job(house, number)
    for _ in range(10):
        upkeep(house, celery).go_round()
    assert count_messages(celery) == 5


def test_a_step_that_fails_does_not_keep_the_others_from_running(
    house: House, celery: Celery
) -> None:
    woken: list[str] = []
    job_id = new_job(house)

    def break_down() -> int:
        raise RuntimeError("a bug")

    upkeep(house, celery, count_messages=break_down).go_round()
    upkeep(house, celery, count_messages=lambda: 0, wake=woken.append).go_round()
    assert woken == [job_id]
    assert (house.settings.home / "worker" / "heartbeat").exists()


def test_the_rounds_stop_when_told(house: House, celery: Celery) -> None:
    stop = threading.Event()
    stop.set()
    upkeep(house, celery).run(stop)
