from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import Invalid, TooLarge
from core.model.asset_documents import ASSET_SHAPE
from core.model.filters.queries import (
    MAX_CURSOR_CHARACTERS,
    MAX_PAGE_DOCUMENTS,
    MAX_SHOWN_FIELDS,
    MAX_SORT_FIELDS,
    DocumentQuery,
    SortField,
    parse_query,
)
from core.model.filters.reading import (
    MAX_FIELD_CHARACTERS,
    MAX_FIELD_INDICES,
    MAX_FIELD_NAMES,
    MAX_FILTER_BYTES,
    MAX_FILTER_CLAUSES,
    MAX_FILTER_DEPTH,
    MAX_FILTER_VALUES,
    parse_filter,
    parse_path,
)
from core.model.filters.tree import At, Compares, Equals, Every, FieldPath, Has, Not, Order, Some


def query(**words: str | int) -> DocumentQuery:
    return parse_query({}, fields_of=ASSET_SHAPE, **words)  # type: ignore[arg-type]


def nested(levels: int) -> dict[str, Any]:
    body: dict[str, Any] = {"a": 1}
    for _ in range(levels - 1):
        body = {"$and": [body]}
    return body


def test_the_seeds_filters_are_read() -> None:
    tags, kind = FieldPath(("asset_tags",)), FieldPath(("asset_metadata",))
    assert parse_filter({"asset_tags": ["sample"], "asset_metadata": {"type": "image"}}) == Every(
        (
            At(tags, Equals("sample")),
            At(kind, Has(At(FieldPath(("type",)), Equals("image")))),
        )
    )
    version: dict[str, Any] = {
        "asset_version.version": {"$gte": "1.0"},
        "asset_tags": {"$in": ["a", "b"]},
    }
    assert parse_filter(version) == Every(
        (
            At(FieldPath(("asset_version", "version")), Compares(Order.FROM, "1.0")),
            Some((At(tags, Equals("a")), At(tags, Equals("b")))),
        )
    )
    assert parse_filter({"$nor": [{"a": 1}]}) == Not(Some((At(FieldPath(("a",)), Equals(1)),)))
    assert parse_filter({}) == Every(())


@pytest.mark.parametrize(
    ("body", "named"),
    (
        ({"$where": "sleep(1000)"}, "$where"),
        ({"$expr": {}}, "$expr"),
        ({"a": {"$function": "x"}}, "$function"),
        ({"a": {"$near": 1}}, "$near"),
        ({"a": {"$and": []}}, "$and"),
        ({"a": {"$eq": 1, "b": 2}}, "b"),
        ({"a": {"$not": {"$where": "x"}}}, "$where"),
        ({"a": {"$eq": {"$where": "x"}}}, "$where"),
        ({"a": {"$in": [{"$regex": "x"}]}}, "$regex"),
        ({"a": [{"$gt": 1, "$huh": 1}]}, "$gt"),
        ({"$not": {"a": 1}}, "$not"),
    ),
)
def test_an_operator_that_is_not_allowed_is_named_with_those_that_are(
    body: dict[str, Any], named: str
) -> None:
    with pytest.raises(Invalid) as refused:
        parse_filter(body)
    assert refused.value.code == "unknown_operator"
    assert refused.value.details["operator"] == named
    assert named in refused.value.message


@pytest.mark.parametrize(
    "body",
    (
        {"a": {"$options": "i"}},
        {"$or": []},
        {"$and": {"a": 1}},
        {"$or": [1]},
        {"a": {"$in": "x"}},
        {"a": {"$nin": {"b": 1}}},
        {"a": {"$all": "x"}},
        {"a": {"$exists": "yes"}},
        {"a": {"$exists": {}}},
        {"a": {"$size": -1}},
        {"a": {"$size": 1.5}},
        {"a": {"$size": True}},
        {"a": {"$gt": None}},
        {"a": {"$lt": [1]}},
        {"a": {"$gte": {"b": 1}}},
        {"a": {"$regex": 5}},
        {"a": {"$regex": "x", "$options": "s"}},
        {"a": {"$regex": "x", "$options": {}}},
        {"a": {"$regex": "(?=x)"}},
        {"a": {"$not": "x"}},
        {"a": {"$not": {}}},
        {"a": {"$elemMatch": 5}},
        {"a": {"$elemMatch": {}}},
        {"": 1},
        {"a..b": 1},
        {"a.": 1},
        {"a.$b": 1},
        {"a\x00": 1},
        {"a": "\x00"},
        {"a": "\ud800"},
        {"\ud800": 1},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": 10**400},
    ),
)
def test_what_makes_no_sense_is_refused_in_words(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse_filter(body)


def test_a_filter_is_as_deep_as_it_may_be() -> None:
    parse_filter(nested(MAX_FILTER_DEPTH))
    with pytest.raises(TooLarge):
        parse_filter(nested(MAX_FILTER_DEPTH + 1))
    with pytest.raises(TooLarge):
        parse_filter({"a": _nots(MAX_FILTER_DEPTH + 1)})
    with pytest.raises(Invalid):
        parse_filter({"a": json.loads("[" * 40 + "]" * 40)})


def _nots(levels: int) -> dict[str, Any]:
    return {"$not": _nots(levels - 1)} if levels else {"$gt": 1}


def test_a_filter_has_as_many_clauses_as_it_may_have() -> None:
    fields = {f"f{number}": 1 for number in range(MAX_FILTER_CLAUSES)}
    parse_filter(fields)
    with pytest.raises(TooLarge):
        parse_filter(fields | {"one more": 1})
    with pytest.raises(TooLarge):
        parse_filter({name: {"$gt": 1, "$lt": 2} for name in list(fields)[: len(fields) // 2 + 1]})


def test_a_filter_has_as_many_values_as_it_may_have() -> None:
    values: list[Any] = list(range(MAX_FILTER_VALUES))
    parse_filter({"a": {"$in": values}})
    too_many: list[Any] = [{"$in": [*values, 1]}, [*values, 1], {"$eq": values}]
    for value in too_many:
        with pytest.raises(TooLarge):
            parse_filter({"a": value})


def test_a_filter_has_as_many_bytes_as_it_may_have() -> None:
    room = MAX_FILTER_BYTES - len(json.dumps({"a": ""}))
    parse_filter({"a": "x" * room})
    with pytest.raises(TooLarge):
        parse_filter({"a": "x" * (room + 1)})


def test_a_path_is_as_long_as_it_may_be() -> None:
    for path in (
        ".".join(["a"] * MAX_FIELD_NAMES),
        ".".join(["0"] * MAX_FIELD_INDICES),
        "a" * MAX_FIELD_CHARACTERS,
    ):
        parse_path(path)
        with pytest.raises(Invalid):
            parse_path(f"{path}a" if path[1] == "a" else f"{path}.0")


def test_sort_limit_and_fields_are_read_from_the_address() -> None:
    asked = query(sort="-created_at, asset_name", limit="5", fields="asset_name,a.b", cursor="x")
    assert asked.sort == (
        SortField(FieldPath(("created_at",)), descending=True),
        SortField(FieldPath(("asset_name",))),
    )
    assert (asked.limit, asked.cursor) == (5, "x")
    assert asked.fields == (FieldPath(("asset_name",)), FieldPath(("a", "b")))
    assert query().limit == MAX_PAGE_DOCUMENTS
    assert query().sort == (SortField(FieldPath(("created_at",)), descending=True),)


@pytest.mark.parametrize(
    "words",
    (
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "٣"},
        {"limit": MAX_PAGE_DOCUMENTS + 1},
        {"limit": "9" * 10_000},
        {"sort": "$where"},
        {"sort": "a.0"},
        {"sort": ",".join(["a"] * (MAX_SORT_FIELDS + 1))},
        {"fields": ",".join(["a"] * (MAX_SHOWN_FIELDS + 1))},
        {"fields": "a..b"},
        {"cursor": "x" * (MAX_CURSOR_CHARACTERS + 1)},
    ),
)
def test_an_address_that_asks_for_too_much_is_refused(words: dict[str, str | int]) -> None:
    with pytest.raises(Invalid):
        query(**words)


def test_the_most_that_an_address_may_ask_for() -> None:
    asked = query(
        limit=MAX_PAGE_DOCUMENTS,
        sort=",".join(["a"] * MAX_SORT_FIELDS),
        fields=",".join(["a"] * MAX_SHOWN_FIELDS),
        cursor="x" * MAX_CURSOR_CHARACTERS,
    )
    assert len(asked.fields) == MAX_SHOWN_FIELDS


def test_the_patterns_of_a_filter_share_their_steps() -> None:
    costly: dict[str, Any] = {f"f{n}": {"$regex": "[ab]{90}" * 5 + str(n)} for n in range(3)}
    parse_filter(dict(list(costly.items())[:2]))
    with pytest.raises(TooLarge):
        parse_filter(costly)
    with pytest.raises(TooLarge):
        parse_filter({"$nor": [{name: clause} for name, clause in costly.items()]})


def test_a_pattern_that_stands_in_many_places_counts_once() -> None:
    parse_filter({"$or": [{f"f{n}": {"$regex": "x" * 500}} for n in range(40)]})


def test_a_class_of_many_ranges_counts_as_several_steps() -> None:
    parse_filter({"a": {"$regex": "[acegikmoqs]{100}" * 3}})
    with pytest.raises(Invalid):
        parse_filter({"a": {"$regex": "[acegikmoqs]{100}" * 4}})
    parse_filter({"a": {"$regex": "[a-z]{90}" * 10, "$options": "i"}})
