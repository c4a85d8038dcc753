"""What the tests run in processes of their own: `python -m tests.integration.database.process`.

Every verb prints `ready`, waits for a line on its input, and then tells what it does, line by line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from core.errors import Conflict
from core.model.names import UploadId
from ledger.engine import Ledger, open_ledger
from tests.conformance.records.samples import LATER, NOW, some_reservation
from tests.integration.database.fixtures import KEY


def say(line: object) -> None:
    print(line, flush=True)  # noqa: T201 - the parent listens


def wait_for_the_word() -> None:
    say("ready")
    sys.stdin.readline()


def open_only(url: str) -> None:
    wait_for_the_word()
    open_ledger(url, [KEY]).close()
    say("opened")


def mark(url: str, upload_id: str) -> None:
    """Mark file after file, and say each once it is acknowledged."""
    ledger = open_ledger(url, [KEY])
    files = ledger.uploads.list_upload_files(UploadId(upload_id))
    wait_for_the_word()
    for file in files:
        ledger.uploads.mark_received(UploadId(upload_id), [file])
        say(file.path)


def compete(url: str, *names: str) -> None:
    """Try to take every job, commit and reservation that is named; say which were won."""
    ledger = open_ledger(url, [KEY])
    sites = ledger.sites.list_site_records()
    wait_for_the_word()
    for name in names:
        if ledger.jobs.claim_job(name, NOW, LATER):
            say(f"job {name}")
        if ledger.uploads.begin_commit(UploadId(name), NOW, LATER):
            say(f"commit {name}")
    for binding in ledger.bindings.claim_stale_bindings(NOW, LATER):
        say(f"binding {binding.placement.dataset_id}")
    try:
        reservation = some_reservation(sites[0])
        ledger.bindings.reserve_binding(reservation, LATER)
        say("reserved")
    except Conflict:
        pass
    ledger.close()


def fork(url: str, upload_id: str) -> None:
    """Use the ledger before a fork, then in parent and child at the same time."""
    ledger = open_ledger(url, [KEY])
    _read_and_mark(ledger, upload_id)
    wait_for_the_word()
    child = os.fork()
    for _ in range(50):
        _read_and_mark(ledger, upload_id)
    ledger.close()
    if child == 0:
        os._exit(0)
    _, status = os.waitpid(child, 0)
    say(f"child ended with {os.waitstatus_to_exitcode(status)}")


def _read_and_mark(ledger: Ledger, upload_id: str) -> None:
    files = ledger.uploads.list_upload_files(UploadId(upload_id))
    ledger.uploads.mark_received(UploadId(upload_id), files[:1])


VERBS: dict[str, Callable[..., None]] = {
    "open": open_only,
    "mark": mark,
    "compete": compete,
    "fork": fork,
}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
