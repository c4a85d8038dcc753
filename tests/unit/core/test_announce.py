"""What an announced upload means."""

from __future__ import annotations

import pytest

from core.errors import Conflict, Invalid, TooLarge
from core.model.content import MAX_TEXT_BYTES, Entry, Pointer, Text
from core.model.names import FilePath, Md5
from core.model.uploads import MAX_FILES, MAX_SESSION_TEXT_BYTES, Announced
from core.usecases.uploading.announce import parse_announced, plan_files

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
OTHER = "0" * 32


def announce(path: str, size: int = 10, md5: str = MD5) -> Announced:
    return Announced(FilePath(path), size, Md5(md5))


def test_every_bad_path_is_named_in_one_answer() -> None:
    with pytest.raises(Invalid) as caught:
        parse_announced([("../a", 1, MD5), ("ok.jpg", 1, MD5), ("b ", 1, MD5), ("c", 1, "nope")])
    named = caught.value.details["paths"]
    assert isinstance(named, list)
    assert [one["path"] for one in named] == ["../a", "b ", "c"]
    assert caught.value.code == "invalid_path"


def test_the_same_path_twice_and_paths_that_differ_by_case_are_refused() -> None:
    for other in ("a.jpg", "A.jpg", "a.jpg/b"):
        with pytest.raises(Invalid):
            parse_announced([("a.jpg", 1, MD5), (other, 1, MD5)])


def test_an_upload_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid):
        parse_announced([])


def test_a_commit_has_at_most_20000_files() -> None:
    parse_announced([(f"{i}.jpg", 1, MD5) for i in range(MAX_FILES)])
    with pytest.raises(TooLarge):
        parse_announced([(f"{i}.jpg", 1, MD5) for i in range(MAX_FILES + 1)])


def test_the_texts_of_one_commit_are_bounded_together() -> None:
    fitting = MAX_SESSION_TEXT_BYTES // MAX_TEXT_BYTES
    texts = [announce(f"{i}.txt", MAX_TEXT_BYTES) for i in range(fitting)]
    pictures = [announce("a.jpg", MAX_SESSION_TEXT_BYTES)]
    plan_files([*texts, *pictures], {})
    with pytest.raises(TooLarge):
        plan_files([*texts, announce("last.txt", MAX_TEXT_BYTES)], {})


def test_texts_for_git_have_a_limit_together() -> None:
    size = 100_000
    fits = MAX_SESSION_TEXT_BYTES // size
    plan_files([announce(f"{i}.xml", size) for i in range(fits)], {})
    with pytest.raises(TooLarge):
        plan_files([announce(f"{i}.xml", size) for i in range(fits + 1)], {})


def test_a_file_with_the_same_bytes_is_unchanged() -> None:
    path = FilePath("a.jpg")
    standing: dict[FilePath, Entry | None] = {path: Entry(path, "file", Pointer(Md5(MD5), 10))}
    same, new = plan_files([announce("a.jpg"), announce("b.jpg")], standing)
    assert same.unchanged
    assert not new.unchanged
    (replaced,) = plan_files([announce("a.jpg", md5=OTHER)], standing)
    assert not replaced.unchanged


def test_a_text_never_moves_back_into_git() -> None:
    path = FilePath("big.json")
    (fresh,) = plan_files([announce("big.json")], {path: None})
    assert fresh.git_candidate
    pointer = Entry(path, "file", Pointer(Md5(OTHER), 500_000))
    (grown,) = plan_files([announce("big.json")], {path: pointer})
    assert not grown.git_candidate
    (text,) = plan_files([announce("big.json")], {path: Entry(path, "file", Text("0" * 40, 3))})
    assert text.git_candidate


def test_a_file_cannot_take_the_place_of_a_folder_or_lie_in_a_packed_one() -> None:
    folder = FilePath("raw")
    inside = FilePath("raw/a.jpg")
    packed = Entry(folder, "directory", Pointer(Md5(OTHER, is_directory=True), 10, 2))
    with pytest.raises(Conflict) as caught:
        plan_files([announce("raw/a.jpg")], {inside: packed})
    assert caught.value.code == "path_taken"
    with pytest.raises(Conflict):
        plan_files([announce("raw")], {folder: Entry(folder, "directory")})
