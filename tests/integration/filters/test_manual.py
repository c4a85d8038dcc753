"""What MongoDB's manual says, case by case, and where we differ on purpose (docs/assets.md)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.engine import Ledger
from tests.integration.filters.shelf import Json, keep

INVENTORY: list[Json] = [
    {"item": "journal", "tags": ["blank", "red"], "dim": [14, 21], "size": {"h": 14, "uom": "cm"}},
    {"item": "notebook", "tags": ["red", "blank"], "dim": [14, 21], "size": {"h": 21, "uom": "in"}},
    {"item": "paper", "tags": ["red", "blank", "plain"], "dim": [14, 21], "qty": 100},
    {"item": "planner", "tags": ["blank", "red"], "dim": [22.85, 30], "qty": 75.5},
    {"item": "postcard", "tags": ["blue"], "dim": [10, 15.25], "qty": "100", "open": True},
]
STOCK: list[Json] = [
    {"item": "journal", "instock": [{"at": "A", "qty": 5}, {"at": "C", "qty": 15}]},
    {"item": "notebook", "instock": [{"at": "C", "qty": 5}]},
    {"item": "paper", "instock": [{"at": "A", "qty": 60}, {"at": "B"}]},
    {"item": None, "instock": []},
    {"instock": 7},
]
NESTED: list[Json] = [
    {"a": [[1, 2], 3], "b": {"0": "x"}},
    {"a": [1, 2], "b": ["x", "y"]},
    {"a": True, "b": [{"0": "x"}]},
    {"a": 1, "b": None},
    {"a": "1"},
]


@pytest.mark.parametrize(
    ("body", "found"),
    (
        ({"item": "paper"}, [2]),
        ({"item": {"$in": ["paper", "planner"]}}, [2, 3]),
        ({"item": {"$nin": ["paper", "planner"]}}, [0, 1, 4]),
        ({"tags": "red"}, [0, 1, 2, 3]),
        ({"tags": {"$eq": ["red", "blank"]}}, [1]),
        ({"tags": {"$ne": ["red", "blank"]}}, [0, 2, 3, 4]),
        ({"tags": {"$all": ["red", "blank"]}}, [0, 1, 2, 3]),
        ({"tags": {"$size": 3}}, [2]),
        ({"tags": {"$all": []}}, []),
        ({"dim": {"$gt": 25}}, [3]),
        ({"dim": {"$gt": 15, "$lt": 20}}, [0, 1, 2, 4]),
        ({"dim": {"$elemMatch": {"$gt": 22, "$lt": 30}}}, [3]),
        ({"dim.1": {"$gt": 25}}, [3]),
        ({"dim.2": {"$exists": True}}, []),
        ({"size.uom": "in"}, [1]),
        ({"size": {"$eq": {"h": 14, "uom": "cm"}}}, [0]),
        ({"size": {"$eq": {"uom": "cm", "h": 14}}}, [0]),
        ({"size": {"$eq": {"h": 14}}}, []),
        ({"qty": {"$gt": 80}}, [2]),
        ({"qty": {"$gt": "1"}}, [4]),
        ({"qty": {"$not": {"$gt": 80}}}, [0, 1, 3, 4]),
        ({"qty": {"$exists": False}}, [0, 1]),
        ({"open": {"$gte": False}}, [4]),
        ({"open": 1}, []),
        ({"item": {"$regex": "^P", "$options": "i"}}, [2, 3, 4]),
        ({"item": {"$not": {"$regex": "^p"}}}, [0, 1]),
        ({"tags": {"$regex": "^bl.e$"}}, [4]),
        ({"$nor": [{"item": "paper"}, {"qty": {"$exists": False}}]}, [3, 4]),
        ({"$or": [{"qty": 100}, {"item": {"$lt": "k"}}]}, [0, 2]),
        ({}, [0, 1, 2, 3, 4]),
    ),
)
def test_the_inventory_of_the_manual(either: Ledger, body: Json, found: list[int]) -> None:
    assert keep(either, INVENTORY).find(_of_metadata(body)) == found


@pytest.mark.parametrize(
    ("body", "found"),
    (
        ({"instock.qty": {"$lte": 5}}, [0, 1]),
        ({"instock": {"$elemMatch": {"at": "A", "qty": 5}}}, [0]),
        ({"instock": {"$elemMatch": {"qty": {"$gt": 5, "$lte": 20}}}}, [0]),
        ({"instock.qty": {"$gt": 10, "$lte": 20}}, [0]),
        ({"instock.qty": {"$gt": 14, "$lt": 6}}, [0]),
        ({"instock.0.qty": {"$lte": 20}}, [0, 1]),
        ({"instock.qty": {"$ne": 5}}, [2, 3, 4]),
        ({"instock.qty": {"$exists": False}}, [3, 4]),
        ({"instock.qty": None}, [2, 4]),
        ({"instock.qty": {"$not": {"$gt": 1}}}, [3, 4]),
        ({"instock": {"$all": [{"$elemMatch": {"at": "A"}}, {"$elemMatch": {"at": "C"}}]}}, [0]),
        ({"instock": {"$size": 0}}, [3]),
        ({"instock": {"$eq": []}}, [3]),
        ({"item": None}, [3, 4]),
        ({"item": {"$in": [None, "paper"]}}, [2, 3, 4]),
        ({"item": {"$exists": True}}, [0, 1, 2, 3]),
        ({"item.of": None}, [0, 1, 2, 3, 4]),
    ),
)
def test_lists_of_objects_and_null(either: Ledger, body: Json, found: list[int]) -> None:
    assert keep(either, STOCK).find(_of_metadata(body)) == found


@pytest.mark.parametrize(
    ("body", "found"),
    (
        ({"a": 1}, [1, 3]),
        ({"a": True}, [2]),
        ({"a": {"$eq": [1, 2]}}, [0, 1]),
        ({"a": {"$in": [[1, 2]]}}, [0, 1]),
        ({"a.0": 1}, [0, 1]),
        ({"a.0.1": 2}, [0]),
        ({"a": {"$elemMatch": {"$eq": 1}}}, [1]),
        ({"a": {"$lt": 2}}, [1, 3]),
        ({"b.0": "x"}, [0, 1]),
        ({"b.0.0": "x"}, [2]),
    ),
)
def test_lists_in_lists_types_and_indices(either: Ledger, body: Json, found: list[int]) -> None:
    assert keep(either, NESTED).find(_of_metadata(body)) == found


@pytest.mark.parametrize(
    ("body", "found"),
    (
        ({"tags": ["blank"]}, [0, 1, 2, 3]),
        ({"tags": ["plain", "red"]}, [2]),
        ({"tags": []}, [0, 1, 2, 3, 4]),
        ({"size": {"uom": "cm"}}, [0]),
        ({"size": {"h": {"$gt": 15}}}, [1]),
        ({"size": {}}, [0, 1]),
    ),
)
def test_a_bare_list_or_object_means_contains(either: Ledger, body: Json, found: list[int]) -> None:
    assert keep(either, INVENTORY).find(_of_metadata(body)) == found


def test_a_bare_object_is_found_as_one_element_of_a_list(either: Ledger) -> None:
    shelf = keep(either, STOCK)
    assert shelf.find({"asset_metadata.instock": {"at": "A", "qty": 60}}) == [2]
    assert shelf.find({"asset_metadata.instock": {"at": "B", "qty": 60}}) == []
    assert shelf.find({"asset_metadata.instock": [{"at": "A"}, {"at": "B"}]}) == [2]


def test_types_are_sorted_as_mongodb_does(either: Ledger) -> None:
    values: list[Any] = [True, [], {"x": 1}, "b", "B", 7, -0.5, None, 1e6, False, ["a", 1], "ä"]
    shelf = keep(either, [{"v": value} for value in values] + [{}])
    order = shelf.find({}, "asset_metadata.v,asset_id")
    assert [values[place] for place in order if place < len(values)] == [
        *([], None, -0.5, 7, 1e6, "B", ["a", 1], "b", "ä", {"x": 1}, False, True)
    ]
    assert shelf.find({}, "-asset_metadata.v,-asset_id") == order[::-1]


def _of_metadata(body: Json) -> Json:
    return {
        key if key.startswith("$") else f"asset_metadata.{key}": [
            _of_metadata(one) for one in value
        ]
        if key in {"$or", "$nor"}
        else value
        for key, value in body.items()
    }
