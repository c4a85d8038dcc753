from __future__ import annotations

from labset.local.hash_cache import Signature
from labset.upload import planning
from labset.upload.planning import (
    MAX_FILES,
    Hashed,
    batches,
    compare,
    fingerprint,
    split,
    without_twins,
)
from labset.upload.sources import LocalFile


def hashed(path: str, md5: str = "m", size: int = 10) -> Hashed:
    return Hashed(LocalFile(f"/here/{path}", path, Signature(1, 2, size, 3)), md5)


def test_new_changed_and_identical_are_told_apart_in_one_sentence() -> None:
    plan = compare(
        [hashed("new"), hashed("changed", "x"), hashed("same")],
        {"changed": "m", "same": "m", "elsewhere": "m"},
    )
    assert [one.file.path for one in plan.new] == ["new"]
    assert [one.file.path for one in plan.changed] == ["changed"]
    assert plan.sentence == "1 new, 1 changed, 1 identical"


def test_what_fits_into_one_commit_is_one_group() -> None:
    assert split([hashed("a"), hashed("b")]) == [[hashed("a"), hashed("b")]]


def test_nothing_makes_no_commit() -> None:
    assert split([]) == []


def test_more_files_than_a_session_takes_are_several_commits() -> None:
    groups = split([hashed(str(number)) for number in range(MAX_FILES + 1)])
    assert [len(group) for group in groups] == [MAX_FILES, 1]


def test_texts_for_git_are_spread_over_commits() -> None:
    texts = [hashed(f"{number}.txt", size=100_000) for number in range(1_000)]
    groups = split(texts)
    assert len(groups) == 2
    assert sum(one.file.size for one in groups[0]) <= planning.MAX_TEXT_BYTES


def test_long_names_are_spread_over_commits() -> None:
    groups = split([hashed(f"{'x' * 1000}{number}") for number in range(15_000)])
    assert len(groups) == 2


def test_the_name_of_an_upload_depends_on_all_that_it_is() -> None:
    one = fingerprint(["server", "1"], [hashed("a")])
    assert one == fingerprint(["server", "1"], [hashed("a")])
    others = [
        fingerprint(["server", "2"], [hashed("a")]),
        fingerprint(["server", "1"], [hashed("b")]),
        fingerprint(["server", "1"], [hashed("a", "x")]),
        fingerprint(["server", "1"], [hashed("a", size=11)]),
    ]
    assert one not in others


def test_equal_bytes_are_sent_once_but_texts_that_lie_in_git_each() -> None:
    files = [hashed("a"), hashed("b"), hashed("c.txt"), hashed("d.txt"), hashed("e", "x")]
    assert [one.file.path for one in without_twins(files)] == ["a", "c.txt", "d.txt", "e"]


def test_batches_hold_everything_once_and_are_as_many_as_can_be_sent_at_once() -> None:
    files = [hashed(str(number), size=1_000) for number in range(100)]
    groups = list(batches(files, at_least=4, batch_bytes=10**9))
    assert [one for group in groups for one in group] == files
    assert len(groups) == 4


def test_batches_are_not_larger_than_told() -> None:
    files = [hashed(str(number), size=1_000) for number in range(100)]
    groups = list(batches(files, at_least=1, batch_bytes=10_000))
    assert max(len(group) for group in groups) <= 10
