from __future__ import annotations

import pytest

from app.pages.assets.filters import Asked, Row, Scope, make_filter, row_filter
from app.pages.assets.searched_fields import ASSETS, full_name
from core.errors import Unavailable
from core.model.filters.reading import parse_filter
from core.model.json_values import JsonValue


def test_nothing_asked_is_the_filter_that_finds_all() -> None:
    assert make_filter(Asked()).filter == {}
    assert not Asked().narrows


def test_a_word_is_looked_for_in_names_tags_and_descriptions_as_it_stands() -> None:
    made = make_filter(Asked(search="1.5*(a"))
    pattern = {"$regex": r"1\.5\*\(a", "$options": "i"}
    assert made.filter == {
        "$or": [
            {"asset_name": pattern},
            {"asset_tags": pattern},
            {"asset_metadata.description": pattern},
        ]
    }
    parse_filter(made.filter)


def test_several_words_must_all_be_found_and_quotes_keep_them_together() -> None:
    made = make_filter(Asked(search='weld "line 3"'))
    several = made.filter["$and"]
    assert isinstance(several, list)
    assert len(several) == 2
    assert "line 3" in str(several[1])


def test_too_many_words_are_a_problem_of_the_search_and_change_nothing_else() -> None:
    made = make_filter(Asked(search="a b c d e f g h i", tags=("weld",)))
    assert "At most 8 words" in made.problems["search"]
    assert made.filter == {"asset_tags": ["weld"]}


def test_parts_about_different_fields_are_one_object_and_others_are_joined_by_and() -> None:
    tags = Row("tags", "in", "a, b")
    made = make_filter(Asked(tags=("weld",), rows=(Row("owner", "is", "bob"),)))
    assert made.filter == {"asset_tags": ["weld"], "owner": "bob"}
    made = make_filter(Asked(tags=("weld",), rows=(tags,)))
    assert made.filter == {"$and": [{"asset_tags": ["weld"]}, {"asset_tags": {"$in": ["a", "b"]}}]}


@pytest.mark.parametrize(
    ("row", "expected"),
    (
        (Row("camera", "is", "Leica"), {"asset_metadata.camera": "Leica"}),
        (Row("width", "is", "640"), {"asset_file_info.width": {"$in": [640, "640"]}}),
        (Row("iso", "not", "100"), {"asset_metadata.iso": {"$nin": [100, "100"]}}),
        (Row("camera", "not", "Leica"), {"asset_metadata.camera": {"$ne": "Leica"}}),
        (Row("iso", "is", '"100"'), {"asset_metadata.iso": "100"}),
        (Row("version", "gte", "1.10"), {"asset_version.version": {"$gte": "1.10"}}),
        (Row("size", "gt", "10 MB"), {"asset_file_info.size": {"$gt": 10_000_000}}),
        (Row("width", "is", '"wide"'), {"asset_file_info.width": "wide"}),
        (Row("size", "is", "null"), {"asset_file_info.size": None}),
        (Row("iso", "lte", "3.5"), {"asset_metadata.iso": {"$lte": 3.5}}),
        (Row("created_at", "lt", "2026-11"), {"created_at": {"$lt": "2026-11"}}),
        (Row("name", "starts", "a.b"), {"asset_name": {"$regex": r"^a\.b", "$options": "i"}}),
        (Row("tags", "all", "a, b"), {"asset_tags": {"$all": ["a", "b"]}}),
        (Row("md5", "in", "1, 2"), {"asset_file_info.md5": {"$in": ["1", "2"]}}),
        (Row("iso", "nin", "1, x"), {"asset_metadata.iso": {"$nin": [1, "1", "x"]}}),
        (Row("iso", "in", '["a, b", 1]'), {"asset_metadata.iso": {"$in": ["a, b", 1]}}),
        (Row("tags", "size", "2"), {"asset_tags": {"$size": 2}}),
        (Row("iso", "exists", ""), {"asset_metadata.iso": {"$exists": True}}),
        (Row("iso", "missing", "ignored"), {"asset_metadata.iso": {"$exists": False}}),
        (Row("ok", "is", "true"), {"asset_metadata.ok": {"$in": [True, "true"]}}),
        (Row("gone", "is", "null"), {"asset_metadata.gone": None}),
    ),
)
def test_a_row_means_what_it_says(row: Row, expected: dict[str, JsonValue]) -> None:
    assert row_filter(row) == expected
    parse_filter(row_filter(row))


@pytest.mark.parametrize(
    ("row", "problem"),
    (
        (Row("iso", "gte", ""), "iso: Give a value"),
        (Row("iso", "like", "1"), "iso: 'like' is none of the comparisons"),
        (Row("tags", "size", "two"), "tags: Give a whole number"),
        (Row("iso", "is", '{"a": 1'), "iso: It begins like JSON and is none"),
        (Row("a..b", "is", "1"), "a..b: The field 'asset_metadata.a..b' has an empty name"),
        (Row("$where", "is", "1"), "$where: The operator '$where' is not allowed"),
        (Row("iso", "in", " , "), "iso: Give values"),
        (Row("iso", "gte", "[1]"), "iso: $gte takes text, a number"),
        (Row("size", "gte", "abc"), "size: 'abc' is no number and no size: give one like 640"),
        (Row("size", "is", "10 elephants"), "size: '10 elephants' is no number and no size"),
        (Row("width", "lt", "wide"), "width: 'wide' is no number: give one like 640"),
        (Row("height", "in", "1, true"), "height: 'true' is no number"),
        (Row("size", "contains", "64"), "size: It is a number and no text"),
        (Row("", "is", "abc"), "The value 'abc' has no field: name one"),
    ),
)
def test_a_row_that_means_nothing_says_why_and_is_left_out(row: Row, problem: str) -> None:
    made = make_filter(Asked(tags=("weld",), rows=(row,)))
    assert made.problems["rows"].startswith(problem)
    assert made.filter == {"asset_tags": ["weld"]}


def test_each_line_that_means_nothing_is_told_by_its_place_and_the_first_stands_for_all() -> None:
    rows = (Row("size", "gte", "abc"), Row("iso", "is", "1"), Row("", "is", "lost"))
    made = make_filter(Asked(rows=rows))
    assert list(made.of_rows) == [0, 2]
    assert made.problems == {"rows": made.of_rows[0]}
    assert made.filter == {"asset_metadata.iso": {"$in": [1, "1"]}}


def test_too_many_lines_are_a_problem_of_all_of_them() -> None:
    made = make_filter(Asked(rows=(Row("iso", "is", "1"),) * 21))
    assert made.problems == {"rows": "At most 20 lines are asked for: leave some out."}
    assert made.of_rows == {}


@pytest.mark.parametrize(
    ("raw", "problem"),
    (
        ("{'a': 1}", "line 1, column 2: a name in double quotes is expected here"),
        ('{"a": }', "line 1, column 7: a value is expected here"),
        ("[1]", "A filter is an object"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"$where": "x"}', "The operator '$where' is not allowed"),
        ('{"a": NaN}', "NaN is no JSON"),
    ),
)
def test_a_raw_filter_that_is_none_says_so_in_words(raw: str, problem: str) -> None:
    made = make_filter(Asked(raw=raw, tags=("weld",)))
    assert problem in made.problems["filter"]
    assert made.filter == {"asset_tags": ["weld"]}


def test_a_raw_filter_is_taken_as_it_stands() -> None:
    assert make_filter(Asked(raw='{"asset_tags": {"$size": 2}}')).filter == {
        "asset_tags": {"$size": 2}
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    (
        ("name", "asset_name"),
        (" tags ", "asset_tags"),
        ("asset_metadata.a", "asset_metadata.a"),
        ("owner", "owner"),
        ("lens.maker", "asset_metadata.lens.maker"),
    ),
)
def test_a_name_that_is_none_of_ours_is_looked_for_in_the_metadata(
    name: str, expected: str
) -> None:
    assert full_name(name) == expected


def test_the_address_says_no_more_than_was_asked() -> None:
    asked = Asked(tags=("a", "b"), rows=(Row("iso", "is", "1"),), scope=Scope.MINE)
    assert asked.arguments() == {
        "scope": "mine",
        "tag": ["a", "b"],
        "field": ["iso"],
        "op": ["is"],
        "value": ["1"],
    }
    assert asked.arguments(tag=None, scope=None, sort="asset_name") == {
        "field": ["iso"],
        "op": ["is"],
        "value": ["1"],
        "sort": "asset_name",
    }


def test_a_wrong_order_or_cursor_asks_nothing_and_what_was_refused_first_gives_the_status() -> None:
    asked = Asked(sort=",".join("abcdefghijkl"))
    made = make_filter(asked)
    assert made.status == 200
    assert made.query(asked, ASSETS, limit=5, cursor="") is None
    assert (list(made.problems), made.status) == (["sort"], 400)
    made = make_filter(Asked(search="sorted"))
    assert made.query(Asked(), ASSETS, limit=5, cursor="x" * 5_000) is None
    made.refuse("search", Unavailable("Too many ask.", code="busy"))
    assert (made.problems, made.status) == ({"search": "Too many ask."}, 400)
