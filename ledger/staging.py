"""Temporary objects on sites, noted before they exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select

from core.model.names import DatasetId
from core.model.storage import Placement
from ledger.database import Database
from ledger.tables import staging

_FORGET = delete(staging).where(
    staging.c.dataset_id == bindparam("dataset"), staging.c.key == bindparam("name")
)
_LIST = (
    select(staging)
    .where(staging.c.recorded_at < bindparam("moment"))
    .order_by(staging.c.recorded_at)
)


class SqlStagingRecords:
    """`StagingRecords` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.upsert(staging)
        self._save = insert.on_conflict_do_update(
            index_elements=["dataset_id", "key"],
            set_={"multipart_id": insert.excluded.multipart_id},
        )

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        """Note a temporary key that is about to exist; again, once its multipart id is known."""
        row = {
            "dataset_id": placement.dataset_id.number,
            "key": key,
            "multipart_id": multipart_id,
            "recorded_at": datetime.now(UTC),
        }
        with self._database.writing() as connection:
            connection.execute(self._save, row)

    def forget_staging(self, placement: Placement, key: str) -> None:
        """Note that it is gone."""
        with self._database.writing() as connection:
            connection.execute(_FORGET, {"dataset": placement.dataset_id.number, "name": key})

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        """Return temporary objects recorded before `older_than`, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_LIST, {"moment": older_than}).all()
        return [(DatasetId(row.dataset_id), row.key, row.multipart_id) for row in rows]
