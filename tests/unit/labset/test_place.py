"""Places as people write them in URLs."""

from __future__ import annotations

import pytest

from labset.errors import NotFound
from labset.filesystem.place import Place, place_text


@pytest.mark.parametrize(
    ("text", "place"),
    (
        ("4473", Place("4473", 4473, None, "")),
        ("4473@v0.1.0", Place("4473@v0.1.0", 4473, "v0.1.0", "")),
        ("4473/a/b.csv", Place("4473", 4473, None, "a/b.csv")),
        ("4473@line%2F2/a b@c.csv", Place("4473@line%2F2", 4473, "line/2", "a b@c.csv")),
        ("4473@a@b/x", Place("4473@a@b", 4473, "a@b", "x")),
        ("4473@100%25/ä%20", Place("4473@100%25", 4473, "100%", "ä%20")),
    ),
)
def test_a_place_is_id_ref_and_path(text: str, place: Place) -> None:
    assert Place.parse(text) == place
    assert Place.parse(place_text(place.dataset_id, place.path, place.ref)).path == place.path
    assert Place.parse(place_text(place.dataset_id, place.path, place.ref)).ref == place.ref
    assert place.at(place.path) == text


@pytest.mark.parametrize("text", ("", "a", "4473@", "4473@/a", "@v1/a", "-1/a", "4473:a", "9" * 19))
def test_what_names_no_dataset_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="looks like"):
        Place.parse(text)


def test_the_folder_of_a_place() -> None:
    assert Place.parse("4473/a/b/c.csv").folder == "a/b"
    assert Place.parse("4473/c.csv").folder == ""
