"""Connections to the database: short transactions, one writer at a time on SQLite, safe after a fork."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Row, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool, QueuePool

from core.errors import Invalid, Unavailable
from core.model.turns import Turns
from ledger.asking import register_functions
from ledger.forks import begin_anew_in_children
from ledger.stored_json import read_stored

AnyRow = Row[*tuple[Any, ...]]

WAIT_SECONDS = 10  # for a lock or a statement; every port call answers within 15
_CONNECT_SECONDS = 5
_POLL_SECONDS = 0.0005
_PRIMARY_CODE = 0xFF  # the rest of SQLite's error codes says more exactly what was locked
MAX_QUERIES_AT_ONCE = 8  # of one process, for filters that people write
MAX_WAITING_QUERIES = 16
QUERY_TURN_SECONDS = 2.0

_NO_ANSWER = "Labset's own database does not answer: try again in a moment."
_WRITES = "labset_writes"
_SQLITE_POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": -1, "pool_reset_on_return": None}
_POSTGRESQL_POOL: dict[str, Any] = {
    "pool_size": 8,
    "max_overflow": 16,
    "pool_timeout": _CONNECT_SECONDS,
    "pool_pre_ping": True,
}


class Database:
    """Gives connections for reading and writing; foreign errors become ours here.

    Queries of documents, which may take long, take one of its turns: `queries`.

    Nothing is opened before it is needed. A child process leaves what it inherited alone and opens
    its own: neither SQLite's locks nor PostgreSQL's protocol survive being shared.
    """

    def __init__(self, address: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.url = parse_address(address)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._wait_seconds = wait_seconds
        self._open()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """In a child process: leave the parent's connections unused and unclosed, open others."""
        _inherited.append(self._engine)
        self._open()

    def _open(self) -> None:
        pool = _SQLITE_POOL if self.is_sqlite else _POSTGRESQL_POOL
        self._engine = make_engine(
            self.url, self._wait_seconds, poolclass=QueuePool, pool_use_lifo=True, **pool
        )
        self._writers = self._engine.execution_options(**{_WRITES: True})
        level = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._readers = self._engine.execution_options(**level)
        self._turn = threading.Lock()
        self.queries = Turns(
            MAX_QUERIES_AT_ONCE,
            "Too many queries are being answered just now.",
            waiting=MAX_WAITING_QUERIES,
            wait_seconds=QUERY_TURN_SECONDS,
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose every statement stands for itself.

        Raises:  Unavailable, if the database does not answer.
        """
        try:
            with self._readers.connect() as connection:
                yield connection
        except (DatabaseError, InterfaceError, PoolTimeoutError) as error:
            raise _translated(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is on disk when the block ends.

        SQLite takes its write lock at once (`BEGIN IMMEDIATE`). The threads of one process queue
        before it, because its own waiting is a sleep and not a queue.
        Raises:  Unavailable, if the database does not answer or stays locked.
        """
        self._take_turn()
        try:
            with self._writers.begin() as connection:
                yield connection
        except (DatabaseError, InterfaceError, PoolTimeoutError) as error:
            raise _translated(error) from error
        finally:
            if self.is_sqlite:
                self._turn.release()

    def upsert(self, table: Table) -> sqlite_dialect.Insert | postgresql.Insert:
        """Begin an INSERT that can say what to do on a conflict, in the database's own dialect."""
        return sqlite_dialect.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    def _take_turn(self) -> None:
        if self.is_sqlite and not self._turn.acquire(timeout=self._wait_seconds):
            raise Unavailable("Labset's own database is busy: try again in a moment.")


_inherited: list[Engine] = []


def parse_address(address: str) -> URL:
    """Read `LABSET_DATABASE_URL`: `sqlite:////absolute/file` or `postgresql://…`.

    Raises:  Invalid, for anything else.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise _unknown_address() from error
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        path = Path(url.database).absolute()
        return URL.create("sqlite+pysqlite", database=str(path))
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    raise _unknown_address()


def make_engine(
    url: URL,
    wait_seconds: float,
    **pool: Any,  # noqa: ANN401 - what create_engine takes
) -> Engine:
    """Return an engine that opens connections as the ledger needs them."""
    limit = str(round(wait_seconds * 1000))
    if url.get_backend_name() != "sqlite":
        options = f"-c statement_timeout={limit} -c lock_timeout={limit}"
        arguments = {
            "connect_timeout": _CONNECT_SECONDS,
            "tcp_user_timeout": limit,
            "application_name": "labset",
            "options": options,
        }
        return create_engine(url, connect_args=arguments, json_deserializer=read_stored, **pool)
    _create_file(Path(url.database or ""))
    arguments = {"check_same_thread": False, "timeout": wait_seconds}
    engine = create_engine(url, connect_args=arguments, json_deserializer=read_stored, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_lone_engine(url: URL) -> Engine:
    """Return an engine without a pool, all of whose transactions write (for migrations)."""
    return make_engine(url, WAIT_SECONDS, poolclass=NullPool).execution_options(**{_WRITES: True})


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise Unavailable(f"Labset's database cannot be opened: {error.strerror}.") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.isolation_level = None
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")
    register_functions(connection)


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock as soon as it is free: SQLite itself would sleep up to 0.1 s a time."""
    if _WRITES not in connection.get_execution_options():
        return
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    (milliseconds,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        _lock_sqlite(driver, time.monotonic() + milliseconds / 1000)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {milliseconds}")


def _lock_sqlite(driver: sqlite3.Connection, deadline: float) -> None:
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            is_busy = error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise Unavailable(_NO_ANSWER) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _translated(error: Exception) -> Exception:
    mistakes = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
    if isinstance(error, mistakes):
        return error
    return Unavailable(_NO_ANSWER)


def _unknown_address() -> Invalid:
    return Invalid(
        "LABSET_DATABASE_URL is neither sqlite:////absolute/path/of/a/file nor "
        "postgresql://user:password@host/database."
    )
