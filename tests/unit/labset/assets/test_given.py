from __future__ import annotations

from pathlib import Path

import pytest

from labset.cli.given import (
    filter_of,
    metadata_of,
    pairs_of,
    parse_object,
    tags_of,
    with_values,
    without_values,
)
from labset.errors import Misused


def test_tags_stand_between_commas_each_once() -> None:
    assert tags_of(["a, b,", "b,c d"]) == ["a", "b", "c d"]
    assert tags_of(None) == []


def test_a_value_may_hold_anything_a_key_no_empty_name() -> None:
    assert pairs_of(["a=b=c", "d=", "e.f=1"]) == {"a": "b=c", "d": "", "e.f": "1"}
    for wrong in ("a", "=b", "a..b=c", ".a=b"):
        with pytest.raises(Misused):
            pairs_of([wrong])


def test_dots_lead_into_objects_and_nothing_is_changed_in_place() -> None:
    known = {"lens": {"maker": "A"}, "n": 1}
    assert with_values(known, {"lens.maker": "B", "new.one": "x"}) == {
        "lens": {"maker": "B"},
        "n": 1,
        "new": {"one": "x"},
    }
    assert without_values(known, ["lens.maker"]) == {"lens": {}, "n": 1}
    assert known == {"lens": {"maker": "A"}, "n": 1}
    for wrong in ("n.deeper", "nothing", "lens.nothing"):
        with pytest.raises(Misused):
            without_values(known, [wrong])


def test_metadata_of_a_file_go_below_what_is_typed(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text('{"a": 1, "b": {"c": [1]}}')
    assert metadata_of(["a=x"], str(path)) == {"a": "x", "b": {"c": [1]}}
    path.write_bytes(b"\xff")
    with pytest.raises(Misused, match="cannot be read"):
        metadata_of(None, str(path))


@pytest.mark.parametrize("text", ("", "{", "[]", "1", '{"a": NaN}', '{"a": {"b": 1, "b": 1}}'))
def test_what_is_no_plain_json_object_is_refused(text: str) -> None:
    with pytest.raises(Misused):
        parse_object(text, "--filter")


def test_a_filter_is_json_or_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"a": 1}')
    assert filter_of(None) is None
    assert filter_of('{"a": {"$gt": 1}}') == {"a": {"$gt": 1}}
    assert filter_of(f"@{tmp_path}/f.json") == {"a": 1}
