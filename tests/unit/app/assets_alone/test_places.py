from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from app.assets_alone.own_staging import OwnStaging
from app.assets_alone.places import OnePlace
from core.errors import NotFound
from core.model.access import ANONYMOUS
from core.model.names import DatasetId, SiteId
from core.model.storage import Placement, SiteAddress, SiteKind, SiteRecord

HERE, THERE = SiteId(2**62 + 1), SiteId(2**62 + 2)
SITE = SiteRecord(HERE, "store", SiteAddress(SiteKind.LOCAL, "file:///srv"), None, "")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Rows:
    """Staging records in memory."""

    rows: list[tuple[DatasetId, str, str | None]] = field(default_factory=list)

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        self.rows.append((placement.dataset_id, key, multipart_id))

    def forget_staging(self, placement: Placement, key: str) -> None:
        self.rows = [row for row in self.rows if row[:2] != (placement.dataset_id, key)]

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        assert older_than == NOW
        return self.rows


def test_there_is_one_place_and_it_is_the_default() -> None:
    places = OnePlace(SITE)
    assert places.open_site(ANONYMOUS, None) is SITE
    assert places.open_site(ANONYMOUS, HERE) is SITE
    assert places.find_site(HERE) is SITE
    assert places.find_site(THERE) is None
    with pytest.raises(NotFound, match="one store"):
        places.open_site(ANONYMOUS, THERE)


def test_temporary_bytes_of_servers_that_share_the_records_are_left_to_them() -> None:
    rows = Rows()
    own, other = (OwnStaging(rows, DatasetId(one.number)) for one in (HERE, THERE))
    here, there = (Placement(DatasetId(one.number), SITE, "p") for one in (HERE, THERE))
    own.record_staging(here, "p/staging/1", None)
    other.record_staging(there, "p/staging/2", "u")
    assert own.list_staging(NOW) == [(here.dataset_id, "p/staging/1", None)]
    assert other.list_staging(NOW) == [(there.dataset_id, "p/staging/2", "u")]
    own.forget_staging(here, "p/staging/1")
    assert own.list_staging(NOW) == []
    assert len(rows.rows) == 1
