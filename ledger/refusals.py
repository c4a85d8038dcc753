"""What DVC was refused last, by person and dataset."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from core.model.names import DatasetId
from core.model.refusals import REFUSAL_LIFETIME, Refusal
from ledger.database import Database
from ledger.tables import refusals

_IS_ONE = (
    refusals.c.person_id == bindparam("person"),
    refusals.c.dataset_id == bindparam("dataset"),
)
_FIND = select(refusals).where(*_IS_ONE, refusals.c.refused_at > bindparam("oldest"))
_DELETE = delete(refusals).where(*_IS_ONE)
_SWEEP = delete(refusals).where(refusals.c.refused_at <= bindparam("oldest"))


class SqlRefusalRecords:
    """`RefusalRecords` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.upsert(refusals)
        changing = ("refused_at", "method", "code", "message")
        self._save = insert.on_conflict_do_update(
            index_elements=["person_id", "dataset_id"],
            set_={name: insert.excluded[name] for name in changing},
        )

    def save_refusal(self, person_id: int, dataset_id: DatasetId, refusal: Refusal) -> None:
        """Keep a refusal in the place of an older one."""
        row = {
            "person_id": person_id,
            "dataset_id": dataset_id.number,
            "refused_at": refusal.at,
            "method": refusal.method,
            "code": refusal.code,
            "message": refusal.message,
        }
        with self._database.writing() as connection:
            connection.execute(self._save, row)

    def find_refusal(self, person_id: int, dataset_id: DatasetId, now: datetime) -> Refusal | None:
        """Return the newest one, if it is of the last 7 days."""
        wanted = {"person": person_id, "dataset": dataset_id.number, "oldest": _oldest(now)}
        with self._database.reading() as connection:
            row = connection.execute(_FIND, wanted).first()
        if row is None:
            return None
        return Refusal(row.refused_at, row.method, row.code, row.message)

    def delete_refusal(self, person_id: int, dataset_id: DatasetId) -> None:
        """Forget it."""
        with self._database.writing() as connection:
            connection.execute(_DELETE, {"person": person_id, "dataset": dataset_id.number})

    def sweep_refusals(self, now: datetime) -> int:
        """Forget what is older than 7 days; return how many."""
        with self._database.writing() as connection:
            return connection.execute(_SWEEP, {"oldest": _oldest(now)}).rowcount


def _oldest(now: datetime) -> datetime:
    return now - REFUSAL_LIFETIME
