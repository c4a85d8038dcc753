from __future__ import annotations

from typing import Any

import pytest
from mongomock.filtering import filter_applies

from core.model.asset_documents import ASSET_SHAPE
from core.model.filters.queries import parse_query
from labset.assets.queries import ASSET_WORDS, REGISTRY_WORDS, make_filter

DOCUMENT: dict[str, Any] = {
    "asset_name": "Net.v2 (small)",
    "asset_uri": "Net.v2 (small):1-a",
    "asset_tags": ["image", "100%"],
    "asset_metadata": {"width": 640, "scale": "0.5", "good": True, "description": "for lamps"},
}


@pytest.mark.parametrize(
    ("asked", "is_found"),
    (
        ({}, True),
        ({"words": "net (SMALL) lamp"}, True),
        ({"words": "netxv2"}, False),
        ({"words": ".*"}, False),
        ({"tags": ["image", "100%"]}, True),
        ({"tags": ["image", "other"]}, False),
        ({"metadata": {"width": "640"}}, True),
        ({"metadata": {"width": 640, "scale": 0.5, "good": "true"}}, True),
        ({"metadata": {"width": "641"}}, False),
        ({"metadata": {"width": "NaN"}}, False),
        ({"words": "net", "more": {"asset_metadata.width": {"$gt": 700}}}, False),
    ),
)
def test_all_of_what_is_asked_has_to_be_true(asked: dict[str, Any], *, is_found: bool) -> None:
    made = make_filter(ASSET_WORDS, **asked)
    assert filter_applies(made, DOCUMENT) is is_found  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("word", (r"^$.|?*+()[]{}\\", "ü-#&~ %/:'\"", "a b c d e f g h"))
def test_a_labset_takes_the_filter_of_any_words(word: str) -> None:
    for fields in (ASSET_WORDS, REGISTRY_WORDS):
        made = make_filter(fields, word, ["a,b"], {"a.b": "1e999", "c": "-0"})
        parse_query(made, fields_of=ASSET_SHAPE)


def test_nothing_asked_is_an_empty_filter_and_one_thing_stands_alone() -> None:
    assert make_filter(ASSET_WORDS) == {}
    assert make_filter(ASSET_WORDS, tags=["a"]) == {"asset_tags": {"$all": ["a"]}}
