"""Temporary bytes of this server among those of all that share the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.model.names import DatasetId
from core.model.storage import Placement
from core.ports import StagingRecords


@dataclass(frozen=True, slots=True)
class OwnStaging:
    """`StagingRecords` that shows the rows of one number alone: others take back their own."""

    records: StagingRecords
    own: DatasetId

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        """Note a temporary key that is about to exist."""
        self.records.record_staging(placement, key, multipart_id)

    def forget_staging(self, placement: Placement, key: str) -> None:
        """Note that it is gone."""
        self.records.forget_staging(placement, key)

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        """Return our temporary objects recorded before `older_than`."""
        return [row for row in self.records.list_staging(older_than) if row[0] == self.own]
