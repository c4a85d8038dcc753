"""A large folder that is brought up to date is the folder that would be read anew."""

from __future__ import annotations

import random
from pathlib import Path

import pygit2

from core.model.names import DatasetId
from gitlab_bridge.folders import LARGE, FolderLists
from gitlab_bridge.packs import BLOB_MODE, TREE_MODE, NewObjects, TreeItem, format_tree
from gitlab_bridge.recent import Recent
from gitlab_bridge.trees import PointerTexts, TreeReader
from tests.integration.git.forge import pointer_text

Items = dict[bytes, TreeItem]


def _changed(items: Items, new: NewObjects, dice: random.Random) -> Items:
    """Return the folder after a few changes of every kind."""
    changed = dict(items)
    for gone in dice.sample(sorted(items), 40):
        changed.pop(gone)
    text = TreeItem(BLOB_MODE, new.add("blob", b"text"))
    folder = TreeItem(TREE_MODE, new.add("tree", format_tree({b"below.txt": text})))
    for number in range(40):
        name = f"n{dice.randrange(3 * LARGE)}"
        pointer = pointer_text(name, dice.randrange(1, 99))
        changed[f"{name}.dvc".encode()] = TreeItem(BLOB_MODE, new.add("blob", pointer))
        changed[b"odd\\%d" % dice.randrange(9)] = text
        changed[f"n{dice.randrange(3 * LARGE)}".encode()] = dice.choice((text, folder))
        changed[b"folder%d" % number] = folder
    return changed


def test_a_large_folder_after_many_changes_is_what_a_fresh_look_finds(tmp_path: Path) -> None:
    dice, new = random.Random(7), NewObjects()
    items: Items = {
        f"n{n}.dvc".encode(): TreeItem(BLOB_MODE, new.add("blob", pointer_text(f"n{n}", n + 1)))
        for n in range(LARGE + 100)
    }
    trees = []
    for _ in range(6):
        trees.append(new.add("tree", format_tree(items)))
        items = _changed(items, new, dice)
    pygit2.init_repository(str(tmp_path / "r.git"), bare=True)
    new.write(tmp_path / "r.git" / "objects")
    repository = pygit2.Repository(str(tmp_path / "r.git"))
    pointers: PointerTexts = Recent(100_000)
    kept = FolderLists()
    for oid in [*trees, *reversed(trees)]:
        tree = repository[oid].peel(pygit2.Tree)
        reader = TreeReader(repository, pointers)
        known = kept.list_folder(reader, DatasetId(1), tree, "pics/")
        fresh = FolderLists().list_folder(reader, DatasetId(1), tree, "pics/")
        assert known == fresh
        assert len({entry.path for entry in known}) == len(known)
