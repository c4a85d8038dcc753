"""What the ledger keeps of refused requests of DVC."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.model.names import DatasetId
from core.model.refusals import Refusal


class RefusalRecords(Protocol):
    """The newest refusal for each person (GitLab's user id) and dataset."""

    def save_refusal(self, person_id: int, dataset_id: DatasetId, refusal: Refusal) -> None:
        """Keep a refusal in the place of an older one."""

    def find_refusal(self, person_id: int, dataset_id: DatasetId, now: datetime) -> Refusal | None:
        """Return the newest one, if it is of the last 7 days."""

    def delete_refusal(self, person_id: int, dataset_id: DatasetId) -> None:
        """Forget it: the person has read it."""

    def sweep_refusals(self, now: datetime) -> int:
        """Forget what is older than 7 days; return how many."""
