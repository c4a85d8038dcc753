from __future__ import annotations

import pytest

from core.model.names import SiteId
from core.model.storage import SiteAddress, SiteKind, SiteRecord
from core.usecases.upkeep.reindex import parse_marker

SITE = SiteRecord(SiteId(12), "lab", SiteAddress(SiteKind.S3, "s3://b/p"), None, "carol")
PREFIX = "p/4473-0123456789abcdef"
RIGHT = {"labset": 1, "dataset_id": 4473, "site_id": 12, "prefix": PREFIX}


@pytest.mark.parametrize("prefix", (PREFIX, "4473-0123456789abcdef", "a/b/4473-0123456789abcdef"))
def test_a_marker_that_agrees_with_its_place_is_a_binding(prefix: str) -> None:
    placement = parse_marker(RIGHT | {"prefix": prefix}, SITE)
    assert placement is not None
    assert (placement.dataset_id.number, placement.prefix, placement.site) == (4473, prefix, SITE)


@pytest.mark.parametrize(
    "change",
    (
        {"dataset_id": 4474},
        {"dataset_id": "4473"},
        {"site_id": 13},
        {"labset": 2},
        {"prefix": "p/4473"},
        {"prefix": None},
        {"prefix": "p/4473-0123456789abcdef/files"},
        {"prefix": "p/0-0123456789abcdef", "dataset_id": 0},
    ),
)
def test_a_marker_that_does_not_is_none(change: dict[str, object]) -> None:
    assert parse_marker(RIGHT | change, SITE) is None
