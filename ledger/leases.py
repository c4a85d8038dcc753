"""Turns at what only one process may do at a time, across all that share the database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import bindparam, delete

from ledger.database import Database
from ledger.tables import installation

_PREFIX = "lease:"
_MOMENT = "%Y%m%dT%H%M%S%f"  # sorts as time does, whatever the database's collation
_RELEASE = delete(installation).where(
    installation.c.name == bindparam("which"), installation.c.value == bindparam("end")
)


class SqlLeases:
    """Who took a turn has it until it gives it back, or until the turn ends by itself (a crash)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.upsert(installation)
        self._take = insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"value": insert.excluded.value},
            where=installation.c.value <= bindparam("now"),
        )

    def take_turn(self, name: str, now: datetime, until: datetime) -> bool:
        """Take a turn that nobody has; False where somebody has it."""
        turn = {"name": _PREFIX + name, "value": _moment(until), "now": _moment(now)}
        with self._database.writing() as connection:
            return connection.execute(self._take, turn).rowcount == 1

    def give_back(self, name: str, until: datetime) -> None:
        """End a turn that was taken `until` then; nothing, if somebody else has it by now."""
        with self._database.writing() as connection:
            connection.execute(_RELEASE, {"which": _PREFIX + name, "end": _moment(until)})


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime(_MOMENT)
