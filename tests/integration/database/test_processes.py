from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from core.model.jobs import JobState
from core.model.names import FilePath, Md5
from core.model.uploads import UploadFile
from ledger.engine import Ledger, open_ledger
from tests.conformance.records.samples import (
    NOW,
    bound_placement,
    kept_session,
    some_files,
    some_job,
    some_reservation,
    some_session,
    some_site,
)
from tests.integration.database.fixtures import KEY

CHECKOUT = Path(__file__).parents[3]


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.database.process", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def lines(started: subprocess.Popen[str]) -> Iterator[str]:
    assert started.stdout is not None
    return (line.rstrip("\n") for line in started.stdout)


def let_go(*started: subprocess.Popen[str]) -> None:
    for one in started:
        assert next(lines(one)) == "ready"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()


def test_four_processes_that_start_at_once_on_a_new_database_all_find_it_made(
    database_url: str,
) -> None:
    with (
        process("open", database_url) as first,
        process("open", database_url) as second,
        process("open", database_url) as third,
        process("open", database_url) as fourth,
    ):
        four = (first, second, third, fourth)
        let_go(*four)
        assert [list(lines(one)) for one in four] == [["opened"]] * 4
        assert [one.wait(30) for one in four] == [0] * 4


def test_what_two_processes_want_at_once_each_thing_goes_to_one(
    ledger: Ledger, database_url: str
) -> None:
    site = some_site()
    ledger.sites.save_site_record(site)
    bound_placement(ledger, site)
    names = []
    for _ in range(30):
        session = kept_session(ledger)
        ledger.jobs.create_job(replace(some_job(), id=session.id.hex))
        names.append(session.id.hex)
    stale = some_reservation(site)
    ledger.bindings.reserve_binding(stale, NOW)
    with (
        process("compete", database_url, *names) as first,
        process("compete", database_url, *reversed(names)) as second,
    ):
        let_go(first, second)
        won = [*lines(first), *lines(second)]
        assert (first.wait(30), second.wait(30)) == (0, 0)
    expected = {f"{thing} {name}" for thing in ("job", "commit") for name in names}
    expected |= {f"binding {stale.placement.dataset_id}", "reserved"}
    assert sorted(won) == sorted(expected)
    assert {ledger.jobs.find_job(name) is not None for name in names} == {True}
    found = ledger.jobs.find_job(names[0])
    assert found is not None
    assert (found.state, found.attempts) == (JobState.RUNNING, 1)


def test_what_was_acknowledged_before_a_kill_is_there_after_it(
    ledger: Ledger, database_url: str
) -> None:
    files = [UploadFile(FilePath(f"f{n:05}"), n, Md5(f"{n:032x}")) for n in range(5_000)]
    session = kept_session(ledger, files)
    ledger.close()
    with process("mark", database_url, session.id.hex) as writer:
        let_go(writer)
        said = lines(writer)
        acknowledged = [next(said) for _ in range(200)]
        writer.kill()
        acknowledged += list(said)
    assert len(acknowledged) < len(files)
    opened = open_ledger(database_url, [KEY])
    received = [
        file.path.text for file in opened.uploads.list_upload_files(session.id) if file.received
    ]
    assert set(acknowledged) <= set(received)
    assert len(received) <= len(acknowledged) + 1
    opened.uploads.mark_received(session.id, files[-1:])
    opened.close()


def test_a_process_may_fork_with_the_ledger_open(ledger: Ledger, database_url: str) -> None:
    session = some_session()
    ledger.uploads.create_upload(session, some_files())
    with process("fork", database_url, session.id.hex) as parent:
        let_go(parent)
        assert list(lines(parent)) == ["child ended with 0"]
        assert parent.wait(30) == 0
    with suppress(StopIteration):
        assert ledger.uploads.list_upload_files(session.id)[0].received
