from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Unavailable
from core.model.access import Secret
from core.model.asset_documents import ASSET_SHAPE
from core.model.filters.queries import parse_query
from core.model.filters.reading import parse_filter
from core.model.json_values import JsonValue
from core.ports import AssetScope
from ledger import asking
from ledger.engine import open_ledger
from ledger.filtering.matching import compile_condition
from tests.integration.filters.shelf import keep

WIDE: JsonValue = {"$nin": [None, *range(999)]}


def test_time_is_asked_for_in_the_midst_of_a_document() -> None:
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 100:
            raise TimeoutError

    says = compile_condition(parse_filter({"a": WIDE}), check)
    with pytest.raises(TimeoutError):
        says({"a": [{}] * 20})
    assert asked == 100


def test_a_query_that_takes_too_long_says_how_to_narrow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", [Secret("k" * 32)])
    try:
        keep(ledger, [{"a": "b"}])
        query = parse_query({"asset_metadata.a": {"$regex": "x"}}, fields_of=ASSET_SHAPE)
        monkeypatch.setattr(asking, "PATIENCE_SECONDS", -1)
        with pytest.raises(Unavailable, match="add what few of them have") as refused:
            ledger.assets.query_assets(AssetScope(None), query)
        assert refused.value.code == "query_too_wide"
    finally:
        ledger.close()
