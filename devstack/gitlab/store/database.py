"""SQLite: one connection per thread, readers beside one writer."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BUSY_SECONDS = 30.0
# Columns that tables got after they were first made, with their kind.
_LATER_COLUMNS = (("stars", "starred_at", "TEXT"),)
Column = str | int | float | None


def now() -> str:
    """Return the time in the shape that GitLab's JSON has: UTC with milliseconds and a Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def today() -> str:
    """Return the day in UTC, as ISO text."""
    return datetime.now(UTC).date().isoformat()


class Database:
    """The file and the connections to it; every thread gets its own, in WAL mode."""

    def __init__(self, path: Path) -> None:
        """Remember `path`; nothing is opened before it is needed (and so never across a fork)."""
        self._path = path
        self._local = threading.local()

    def create(self) -> None:
        """Make the tables that are not there yet."""
        connection = self._open()
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
            )
            for table, column, kind in _LATER_COLUMNS:
                there = connection.execute(f"PRAGMA table_info({table})").fetchall()
                if all(row["name"] != column for row in there):
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        finally:
            connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Return every row of a query."""
        return self._connection().execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None = self._connection().execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> Any:  # noqa: ANN401 - whatever the column holds
        """Return the first column of the first row, or None."""
        found = self.row(sql, parameters)
        return None if found is None else found[0]

    def run(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Change something and return how many rows that touched."""
        with self.changes() as connection:
            return connection.execute(sql, parameters).rowcount

    def insert(self, table: str, **values: Column) -> int:
        """Add one row and return its id."""
        columns = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        with self.changes() as connection:
            added = connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
        return added.lastrowid or 0

    def update(self, table: str, row_id: int, **values: Column) -> None:
        """Set columns of one row."""
        sets = ", ".join(f"{name} = :{name}" for name in values)
        if sets:
            self.run(f"UPDATE {table} SET {sets} WHERE id = :row_id", {**values, "row_id": row_id})

    @contextmanager
    def changes(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction; inside another such block it joins that one."""
        connection = self._connection()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close this thread's connection, so that no fork inherits it."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.create_function("fold", 1, _fold, deterministic=True)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _fold(text: str | None) -> str:
    """Return text for comparing regardless of case, in every script (SQLite itself folds ASCII only)."""
    return (text or "").casefold()
