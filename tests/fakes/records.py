"""Records of one test, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from core.model.names import DatasetId, Md5
from core.model.storage import ObjectFacts, Placement


class FakeFacts:
    """`FactsRecords`; `known` is what a test may look at and forget."""

    def __init__(self) -> None:
        self.known: dict[tuple[DatasetId, Md5], ObjectFacts] = {}

    def find_facts(self, dataset_id: DatasetId, md5: Md5) -> ObjectFacts | None:
        """Return what is known."""
        return self.known.get((dataset_id, md5))

    def find_sha256s(self, dataset_id: DatasetId, wanted: Sequence[Md5]) -> Mapping[Md5, str]:
        """Return what is known."""
        found = ((md5, self.find_facts(dataset_id, md5)) for md5 in wanted)
        return {md5: one.sha256 for md5, one in found if one is not None}

    def remember_facts(
        self, dataset_id: DatasetId, facts: Sequence[ObjectFacts], *, at_once: bool = False
    ) -> None:
        """Keep facts."""
        del at_once
        self.known |= {(dataset_id, one.md5): one for one in facts}


class FakeStaging:
    """`StagingRecords`; `history` holds every key that was ever recorded."""

    def __init__(self) -> None:
        self.held: dict[tuple[DatasetId, str], tuple[str | None, datetime]] = {}
        self.history: list[str] = []

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        """Note a temporary key."""
        self.held[placement.dataset_id, key] = multipart_id, datetime.now(UTC)
        self.history.append(key)

    def forget_staging(self, placement: Placement, key: str) -> None:
        """Note that it is gone."""
        self.held.pop((placement.dataset_id, key), None)

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        """Return what was recorded before then."""
        return [
            (dataset_id, key, multipart_id)
            for (dataset_id, key), (multipart_id, recorded_at) in self.held.items()
            if recorded_at < older_than
        ]
