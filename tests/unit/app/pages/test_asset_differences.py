from __future__ import annotations

from app.pages.assets.differences import Side, compare_lists, compare_objects
from core.model.json_values import JsonValue


def test_every_field_of_both_is_told_once_with_how_it_differs() -> None:
    left: dict[str, JsonValue] = {"iso": 100, "lens": {"f": 1.4, "maker": "Leica"}, "old": None}
    right: dict[str, JsonValue] = {"iso": "100", "lens": {"f": 1.4, "mount": "M"}, "empty": {}}
    found = {one.name: (one.side, one.left, one.right) for one in compare_objects(left, right)}
    assert found == {
        "iso": (Side.DIFFERENT, "100", '"100"'),
        "lens.f": (Side.SAME, "1.4", "1.4"),
        "lens.maker": (Side.LEFT, "Leica", None),
        "old": (Side.LEFT, "null", None),
        "lens.mount": (Side.RIGHT, None, "M"),
        "empty": (Side.RIGHT, None, "{}"),
    }


def test_words_of_lists_are_in_one_or_in_both() -> None:
    found = [(one.name, one.side) for one in compare_lists(("a", "b"), ("b", "c"))]
    assert found == [("a", Side.LEFT), ("b", Side.SAME), ("c", Side.RIGHT)]
