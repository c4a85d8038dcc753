from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from bench.postgres import PostgresServer
from core.errors import Unavailable
from ledger.database import Database
from ledger.engine import open_ledger
from ledger.jobs import SqlJobRecords
from tests.conformance.records.samples import at_once, kept_session, some_files, some_job
from tests.integration.database.fixtures import KEY


def test_a_database_that_stays_locked_is_unavailable_to_writers_and_read_all_the_same(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = open_ledger(url, [KEY])
    job = some_job()
    ledger.jobs.create_job(job)
    impatient = Database(url, wait_seconds=0.1)
    jobs = SqlJobRecords(impatient)
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        jobs.create_job(some_job())
    assert jobs.find_job(job.id) == job
    other.execute("ROLLBACK")
    jobs.create_job(some_job())
    other.close()
    impatient.close()
    ledger.close()


def test_a_file_that_is_no_database_is_unavailable_in_words(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(Unavailable):
        open_ledger(f"sqlite:///{tmp_path}/ledger.db", [KEY])


def test_a_folder_that_cannot_be_made_is_unavailable_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_ledger(f"sqlite:///{tmp_path}/file/ledger.db", [KEY])


def test_a_server_that_is_not_there_is_unavailable_within_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        open_ledger(f"postgresql://labset@/ledger?host={tmp_path}", [KEY])
    assert time.monotonic() - began < 10


def test_a_restart_of_the_server_is_survived_by_the_next_call(
    postgres_server: PostgresServer,
) -> None:
    ledger = open_ledger(postgres_server.create_database(), [KEY])
    session = kept_session(ledger)
    at_once(8, lambda _: ledger.check_answers())
    postgres_server.end_connections()
    ledger.uploads.mark_received(session.id, some_files())
    postgres_server.end_connections()
    assert ledger.uploads.find_upload(session.dataset_id, session.id) is not None
    ledger.close()
