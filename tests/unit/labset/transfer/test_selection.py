from __future__ import annotations

import pytest

from labset.download.selection import parse_wanted, select
from labset.errors import NotFound
from labset.manifest import Row

PATHS = (
    "README.md",
    "a/1.jpg",
    "a/2.jpg",
    "a/b/1.jpg",
    "a/b/[odd].jpg",
    "ab/1.jpg",
    "c/notes.md",
    "notes.md",
)
ROWS = [Row(path, "0" * 32, 1) for path in PATHS]


def chosen(*said: str) -> list[str]:
    return [row.path for row in select(ROWS, parse_wanted(said))]


@pytest.mark.parametrize("said", ((), ("/",), (".",), ("",), ("a", "/")))
def test_nothing_named_or_the_root_means_everything(said: tuple[str, ...]) -> None:
    assert chosen(*said) == list(PATHS)


@pytest.mark.parametrize("said", ("a/1.jpg", "/a/1.jpg", "./a/1.jpg", "//a//1.jpg"))
def test_a_path_means_that_file_with_or_without_a_leading_slash(said: str) -> None:
    assert chosen(said) == ["a/1.jpg"]


@pytest.mark.parametrize("said", ("a", "a/", "/a/"))
def test_a_folder_means_what_lies_below_it_and_not_what_begins_alike(said: str) -> None:
    assert chosen(said) == ["a/1.jpg", "a/2.jpg", "a/b/1.jpg", "a/b/[odd].jpg"]


def test_a_bare_name_that_is_not_at_the_root_matches_by_file_name() -> None:
    assert chosen("1.jpg") == ["a/1.jpg", "a/b/1.jpg", "ab/1.jpg"]


def test_a_bare_name_at_the_root_means_that_file_alone() -> None:
    assert chosen("notes.md") == ["notes.md"]


def test_duplicates_collapse_however_they_are_written() -> None:
    assert chosen("1.jpg", "a/1.jpg", "/a/1.jpg", "a/1.jpg") == ["a/1.jpg", "a/b/1.jpg", "ab/1.jpg"]


@pytest.mark.parametrize(
    ("said", "expected"),
    (
        ("*.md", ["README.md", "c/notes.md", "notes.md"]),
        ("a/*.jpg", ["a/1.jpg", "a/2.jpg", "a/b/1.jpg", "a/b/[odd].jpg"]),
        ("**/1.jpg", ["a/1.jpg", "a/b/1.jpg", "ab/1.jpg"]),
        ("a?/1.jpg", ["ab/1.jpg"]),
        ("a/[12].jpg", ["a/1.jpg", "a/2.jpg"]),
        ("[odd].jpg", ["a/b/[odd].jpg"]),
        ("a/b/[odd].jpg", ["a/b/[odd].jpg"]),
    ),
)
def test_patterns_match_paths_and_names_and_a_name_that_looks_like_one_is_itself(
    said: str, expected: list[str]
) -> None:
    assert chosen(said) == expected


def test_everything_that_means_nothing_is_named_at_once() -> None:
    with pytest.raises(NotFound) as caught:
        chosen("a/1.jpg", "gone.jpg", "*.zip", "1.jpg/")
    assert caught.value.details["missing"] == ["gone.jpg", "*.zip", "1.jpg/"]


def test_a_name_in_another_unicode_form_is_the_same_name() -> None:
    rows = [Row("caf\u00e9.txt", "0" * 32, 1)]
    assert select(rows, parse_wanted(["cafe\u0301.txt"])) == rows
