from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.pages.assets import entries
from core.model.assets import Asset, AssetName, AssetVisibility
from core.model.json_values import JsonValue


@pytest.mark.parametrize(
    ("told", "shown"),
    ((True, "true"), (None, "null"), ("7", "7"), (1.5, "1.5"), (1200, "1.2 kB, 1,200 bytes")),
)
def test_what_people_tell_of_a_size_is_shown_whatever_it_is(told: JsonValue, shown: str) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    asset = Asset(
        id="ab12",
        assets_db_id="db",
        name=AssetName("lamp", "1", "t"),
        visibility=AssetVisibility.PUBLIC,
        owner_id=1,
        owner_name="alice",
        created_at=now,
        updated_at=now,
        public_url="https://host.test/lamp",
        more_file_info={"size": told},
    )
    assert vars(entries)["_facts"](asset)["size"] == shown
