"""What lies in git, what on the site, and directory listings."""

from __future__ import annotations

import json

import pytest

from core.errors import Damaged
from core.model.content import MAX_TEXT_BYTES, belongs_in_git, parse_dir_listing
from core.model.names import FilePath, Md5

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    (
        ("README.md", b"# hello", True),
        ("a.XML", b"<a/>", True),
        ("a.csv", b"1,2", False),
        ("a.txt", b"\xff\xfe", False),
        ("a.json", b'{"a": "\x00"}', False),
        ("a.yaml", b"x" * MAX_TEXT_BYTES, True),
        ("a.yaml", b"x" * (MAX_TEXT_BYTES + 1), False),
        ("Makefile", b"all:", False),
        ("empty.txt", b"", True),
    ),
)
def test_only_small_text_of_known_suffixes_lies_in_git(
    path: str, data: bytes, *, expected: bool
) -> None:
    assert belongs_in_git(FilePath(path), data) is expected


def test_a_directory_listing_names_files_below_its_folder() -> None:
    data = json.dumps([{"md5": EMPTY, "relpath": "a/b.jpg"}]).encode()
    assert parse_dir_listing(data, FilePath("raw")) == [(FilePath("raw/a/b.jpg"), Md5(EMPTY))]


@pytest.mark.parametrize(
    "data",
    (
        b"not json",
        b"[1]",
        b'[{"md5": "x", "relpath": "a"}]',
        b'[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "../a"}]',
        b'[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "/etc/passwd"}]',
        b"[" * 100_000,
        b"\xff",
    ),
)
def test_a_hostile_directory_listing_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        parse_dir_listing(data, FilePath("raw"))
