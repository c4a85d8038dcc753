"""Bring the database's tables to what this version of Labset expects."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DatabaseError

from core.errors import Conflict, Damaged, Unavailable
from ledger.database import WAIT_SECONDS, make_lone_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 7_310_577_116_502_643  # any number that nobody else in the database locks
_RETRY_SECONDS = 0.02


def upgrade(url: URL) -> None:
    """Run the migrations that are not there yet, all in one transaction.

    Of several processes that start at once one does it, under the database's own lock; the others
    wait and find it done.
    Raises:  Conflict (`ledger_newer`), if a newer Labset wrote the database; Damaged; Unavailable.
    """
    engine = make_lone_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            _use_write_ahead_log(engine)
        with engine.connect() as connection:
            _wait_for_turn(connection)
            _migrate(connection)
            _check_references(connection)
            connection.commit()
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = str(error).splitlines()[0]
        raise Unavailable(
            f"Labset's own database could not be brought up to date: {cause}"
        ) from error
    finally:
        engine.dispose()


def _use_write_ahead_log(engine: Engine) -> None:
    """Switch the file to a write-ahead log; SQLite does not wait for others here, so we do."""
    deadline = time.monotonic() + WAIT_SECONDS
    raw = engine.raw_connection()
    try:
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return
    finally:
        raw.close()


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Changing a table means rebuilding it here, which no reference to it must hinder.
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        connection.begin()  # takes the write lock
    else:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise Damaged(f"Labset's database has {len(broken)} rows that refer to nothing.")


def _migrate(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    current = set(MigrationContext.configure(connection).get_current_heads())
    if current == set(script.get_heads()):
        return
    known = {revision.revision for revision in script.walk_revisions()}
    if not current <= known:
        raise Conflict(
            "Labset's database was written by a newer version of Labset: install that one, or "
            "restore the database from before the update.",
            code="ledger_newer",
        )
    command.upgrade(config, "head")
