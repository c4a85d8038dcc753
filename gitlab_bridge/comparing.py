"""What differs between two trees, read only where git's own ids differ."""

from __future__ import annotations

import pygit2

from core.errors import TooLarge
from core.model.content import Entry, EntryChange
from gitlab_bridge.trees import MAX_ENTRIES, TreeReader, shown_names

_Place = tuple[pygit2.Tree | None, pygit2.Tree | None, str]


def compare_trees(
    reader: TreeReader, old: pygit2.Tree | None, new: pygit2.Tree | None
) -> list[EntryChange]:
    """Return every file and packed folder that is not the same, by path.

    Raises:  TooLarge, over MAX_ENTRIES on a side.
    """
    found: list[EntryChange] = []
    stack: list[_Place] = [(old, new, "")]
    seen = 0
    while stack:
        before, after, prefix = stack.pop()
        names = _changed_names(before, after)
        mine, theirs = (_entries(reader, tree, prefix, names) for tree in (before, after))
        seen += len(mine) + len(theirs)
        if seen > 2 * MAX_ENTRIES:
            raise TooLarge(f"More than {MAX_ENTRIES} files differ: compare nearer revisions.")
        for path in mine.keys() | theirs.keys():
            one, other = mine.get(path), theirs.get(path)
            folders = _folder(before, one), _folder(after, other)
            if any(folders):
                stack.append((*folders, f"{path}/"))
            files = EntryChange(None if folders[0] else one, None if folders[1] else other)
            if files.before != files.after:
                found.append(files)
    return sorted(found, key=lambda change: change.path)


def _changed_names(old: pygit2.Tree | None, new: pygit2.Tree | None) -> set[bytes]:
    """Return the names that stand for something else, as people see them."""
    before, after = _ids(old), _ids(new)
    names = before.keys() | after.keys()
    return shown_names(name for name in names if before.get(name) != after.get(name))


def _ids(tree: pygit2.Tree | None) -> dict[bytes, tuple[pygit2.Oid, int]]:
    if tree is None:
        return {}
    return {item.raw_name or b"": (item.id, int(item.filemode)) for item in tree}


def _entries(
    reader: TreeReader, tree: pygit2.Tree | None, prefix: str, names: set[bytes]
) -> dict[str, Entry]:
    if tree is None or not names:
        return {}
    found = reader.named_entries(tree, prefix, only=names)
    return {entry.path.text: entry for _, entry in found}


def _folder(tree: pygit2.Tree | None, entry: Entry | None) -> pygit2.Tree | None:
    """Return the tree behind an entry that is an ordinary folder."""
    if tree is None or entry is None or entry.type == "file" or entry.content is not None:
        return None
    child = tree[entry.path.name] if entry.path.name in tree else None  # noqa: SIM401 - no get
    return child if isinstance(child, pygit2.Tree) else None
