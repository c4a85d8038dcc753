"""Repositories made to harm: each ends with an answer or a clear refusal, in bounded time."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pygit2
import pytest

from core.errors import Invalid, TooLarge
from core.model.content import Broken, Entry, Statistics
from core.model.names import DatasetId, FilePath
from gitlab_bridge.commitlog import as_commit
from gitlab_bridge.comparing import compare_trees
from gitlab_bridge.folders import FolderLists
from gitlab_bridge.packs import BLOB_MODE, LINK_MODE, TREE_MODE, NewObjects, TreeItem, format_tree
from gitlab_bridge.recent import Recent
from gitlab_bridge.revisions import find_shortened
from gitlab_bridge.statistics import TreeCounter
from gitlab_bridge.trees import TreeReader, walk_git


def _open(tmp_path: Path, new: NewObjects) -> pygit2.Repository:
    pygit2.init_repository(str(tmp_path / "r.git"), bare=True)
    new.write(tmp_path / "r.git" / "objects")
    return pygit2.Repository(str(tmp_path / "r.git"))


def _tree(repository: pygit2.Repository, oid: str) -> pygit2.Tree:
    return repository[oid].peel(pygit2.Tree)


def _walk(repository: pygit2.Repository, oid: str) -> list[Entry]:
    reader = TreeReader(repository, Recent(10_000))
    return FolderLists().walk(reader, DatasetId(1), _tree(repository, oid), "")


def test_a_tree_that_repeats_itself_ten_thousand_million_times_is_refused(tmp_path: Path) -> None:
    new = NewObjects()
    item = TreeItem(BLOB_MODE, new.add("blob", b"x"))
    oid = new.add("tree", format_tree({b"f%d" % n: item for n in range(10)}))
    for _ in range(9):
        below = TreeItem(TREE_MODE, oid)
        oid = new.add("tree", format_tree({b"d%d" % n: below for n in range(10)}))
    repository = _open(tmp_path, new)
    began = time.process_time()
    with pytest.raises(TooLarge):
        _walk(repository, oid)
    with pytest.raises(TooLarge):
        compare_trees(TreeReader(repository, Recent(1000)), None, _tree(repository, oid))
    with pytest.raises(TooLarge):
        list(walk_git(_tree(repository, oid)))
    assert time.process_time() - began < 20
    counted = TreeCounter(Recent(1000)).count(repository, _tree(repository, oid))
    assert counted == Statistics(10**10, 10**10)


def test_folders_of_nothing_but_folders_are_not_compared_for_ever(tmp_path: Path) -> None:
    new = NewObjects()
    oid = new.add("tree", b"")
    for _ in range(10):
        below = TreeItem(TREE_MODE, oid)
        oid = new.add("tree", format_tree({b"d%d" % n: below for n in range(10)}))
    repository = _open(tmp_path, new)
    began = time.process_time()
    with pytest.raises(TooLarge):
        compare_trees(TreeReader(repository, Recent(1000)), None, _tree(repository, oid))
    assert time.process_time() - began < 20


def test_a_tree_deeper_than_any_path_is_listed_without_its_depths(tmp_path: Path) -> None:
    new = NewObjects()
    oid = new.add("tree", format_tree({b"f": TreeItem(BLOB_MODE, new.add("blob", b"x"))}))
    for _ in range(3000):
        oid = new.add("tree", format_tree({b"d": TreeItem(TREE_MODE, oid)}))
    repository = _open(tmp_path, new)
    entries = _walk(repository, oid)
    assert [type(entry.content) for entry in entries] == [Broken]
    assert TreeCounter(Recent(10)).count(repository, _tree(repository, oid)).files == 1
    assert len(list(walk_git(_tree(repository, oid)))) == 1


def test_pointers_that_are_slow_to_read_do_not_hold_up_the_house(tmp_path: Path) -> None:
    new = NewObjects()
    slow = b"outs: [" + b"{a: [b]}, " * 1500 + b"]\n#"
    items = {
        b"%d.dvc" % n: TreeItem(BLOB_MODE, new.add("blob", slow + b"%d" % n)) for n in range(2000)
    }
    oid = new.add("tree", format_tree(items))
    repository = _open(tmp_path, new)
    began = time.thread_time()
    with pytest.raises(TooLarge):
        _walk(repository, oid)
    assert time.thread_time() - began < 10


def test_a_huge_pointer_and_a_link_named_as_one_are_not_read(tmp_path: Path) -> None:
    new = NewObjects()
    huge = new.add("blob", b"outs:\n" + b"#" * 20_000_000)
    link = new.add("blob", b"/etc/passwd")
    oid = new.add(
        "tree",
        format_tree(
            {b"a.jpg.dvc": TreeItem(BLOB_MODE, huge), b"b.jpg.dvc": TreeItem(LINK_MODE, link)}
        ),
    )
    repository = _open(tmp_path, new)
    reader = TreeReader(repository, Recent(10))
    tree = _tree(repository, oid)
    assert all(isinstance(entry.content, Broken) for entry in _walk(repository, oid))
    assert reader.find(tree, FilePath("b.jpg")) is None


def test_names_that_no_path_can_have_are_listed_apart(tmp_path: Path) -> None:
    new = NewObjects()
    item = TreeItem(BLOB_MODE, new.add("blob", b"x"))
    names = [b"\xff\xfe", b"a\\b", b"a\x01b", b"dot.", b"space ", b"x" * 300, "e\u0301".encode()]
    oid = new.add("tree", format_tree(dict.fromkeys(names, item)))
    repository = _open(tmp_path, new)
    entries = _walk(repository, oid)
    assert len({entry.path.text for entry in entries}) == len(names)
    assert all("rename" in getattr(entry.content, "problem", "") for entry in entries)


def test_a_commit_with_nonsense_in_it_is_read(tmp_path: Path) -> None:
    new = NewObjects()
    tree = new.add("tree", b"")
    head = f"tree {tree}\nauthor \xff <\xff> 99999999999999 +9900\n".encode("latin-1")
    oid = new.add("commit", head + b"committer x <x> 1 +0000\n\n\xff\xfe title\n\nbody")
    repository = _open(tmp_path, new)
    commit = as_commit(repository[oid].peel(pygit2.Commit))
    assert commit.title.endswith(" title")


def test_a_shortened_id_of_two_commits_is_ambiguous(tmp_path: Path) -> None:
    tree = NewObjects().add("tree", b"")
    seen: dict[str, bytes] = {}
    pair: list[bytes] = []
    for number in range(10**6):
        text = f"tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\n{number}".encode()
        prefix = hashlib.sha1(b"commit %d\0" % len(text) + text, usedforsecurity=False).hexdigest()[
            :7
        ]
        if prefix in seen:
            pair = [seen[prefix], text]
            break
        seen[prefix] = text
    assert pair
    new = NewObjects()
    new.add("tree", b"")
    shas = [new.add("commit", text) for text in pair]
    repository = _open(tmp_path, new)
    repository.references.create("refs/heads/one", shas[0])
    assert find_shortened(repository, shas[0][:7]) == shas[0]
    repository.references.create("refs/heads/two", shas[1])
    with pytest.raises(Invalid) as caught:
        find_shortened(repository, shas[0][:7])
    assert caught.value.code == "ref_ambiguous"
    assert find_shortened(repository, shas[0][:20]) == shas[0]
