"""The names that people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, collisions, path_problem

SHA = "a" * 40


@pytest.mark.parametrize(
    "text",
    (
        "a.jpg",
        "dataset/VITVI/1-410fad37671c209905a07d7b6867a9d1.jpg",
        "ä/ö ü.png",
        "a b/c+d#e?.txt",
        ".hidden",
        "x" * 251,
        "-leading",
        "a/b/c/d/e/f/g",
    ),
)
def test_an_honest_path_is_taken_as_it_is(text: str) -> None:
    assert str(FilePath(text)) == text


@pytest.mark.parametrize(
    "text",
    (
        "",
        "/",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "../a",
        "a/..",
        "a\\b",
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "trailing.",
        "trailing ",
        "dir ./a",
        "a/.git/config",
        "a/.GIT",
        ".dvc/config",
        ".DVC",
        ".gitignore",
        "x/.gitattributes",
        ".gitmodules",
        ".dvcignore",
        "a.dvc",
        "a.DVC/b",
        "x" * 252,
        "e\u0301.txt",
        "a/" * 600 + "b",
        "\ud800.txt",
    ),
)
def test_a_dangerous_path_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        FilePath(text)
    assert "path" in caught.value.details


@given(st.text(max_size=80))
def test_whatever_is_taken_as_a_path_stays_inside_the_dataset(text: str) -> None:
    if path_problem(text) is None:
        segments = text.split("/")
        assert not {"", ".", ".."} & set(segments)
        assert ".git" not in {segment.casefold() for segment in segments}


@pytest.mark.parametrize("name", ("main", "v0.1.0", "feature/x", SHA, "a", "größe", "x@y"))
def test_a_ref_is_what_git_would_take(name: str) -> None:
    assert str(Ref(name)) == name


@pytest.mark.parametrize(
    "name",
    (
        *(
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?b",
            "a*",
            "a[b",
            "a\\b",
        ),
        *("a@{1}", "@", "a.lock", "a/.b", "/a", "a/", "a.", "a//b", "x.lock/y", "a\x00", "r" * 251),
    ),
)
def test_a_ref_with_a_meaning_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        Ref(name)


def test_a_full_commit_id_is_a_pinned_ref() -> None:
    assert Ref(SHA).revision == Revision(SHA)
    assert Ref(SHA[:39]).revision is None


def test_an_md5_keeps_the_mark_of_a_directory() -> None:
    md5 = Md5.parse("d41d8cd98f00b204e9800998ecf8427e.dir")
    assert md5.is_directory
    assert str(md5) == "d41d8cd98f00b204e9800998ecf8427e.dir"


@pytest.mark.parametrize("text", ("", "D41D8CD98F00B204E9800998ECF8427E", "d41d8", "x" * 32))
def test_what_is_no_md5_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Md5.parse(text)


@pytest.mark.parametrize("number", (0, -1, 2**63))
def test_a_dataset_id_is_a_positive_number(number: int) -> None:
    with pytest.raises(Invalid):
        DatasetId(number)


@pytest.mark.parametrize(
    ("paths", "expected"),
    (
        (["a.jpg", "b.jpg"], []),
        (["a.jpg", "A.jpg"], [("A.jpg", "a.jpg")]),
        (["d/x", "D/y"], [("D", "d/x")]),
        (["a", "a/b"], [("a", "a/b")]),
        (["a", "A/b"], [("a", "A/b")]),
        (["straße", "STRASSE"], [("STRASSE", "straße")]),
    ),
)
def test_paths_that_no_folder_can_hold_side_by_side_collide(
    paths: list[str], expected: list[tuple[str, str]]
) -> None:
    found = collisions(paths)
    assert bool(found) == bool(expected)
    for pair in expected:
        assert any(set(pair) & set(one) for one in found)


def test_the_parent_of_a_file_at_the_root_is_the_root() -> None:
    assert FilePath("a.jpg").parent is None
    assert FilePath("a/b.jpg").parent == FilePath("a")
    assert FilePath("a/b/c.TAR.gz").suffix == "gz"
    assert FilePath(".bashrc").suffix == ""
