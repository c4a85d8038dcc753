"""How much a revision holds, counted folder by folder: an unchanged folder is counted once."""

from __future__ import annotations

import pygit2

from core.model.content import Entry, Pointer, Statistics, Text
from gitlab_bridge.recent import Recent
from gitlab_bridge.trees import PointerTexts, TreeReader

_MAX_DEPTH = 500


class TreeCounter:
    """Counts files and bytes of trees, which are named by what they hold."""

    def __init__(self, pointers: PointerTexts) -> None:
        self._pointers = pointers
        self._counted: Recent[str, Statistics] = Recent(100_000)

    def count(self, repository: pygit2.Repository, tree: pygit2.Tree) -> Statistics:
        """Return the numbers of a tree with all below it; folders deeper than 500 count as empty."""
        return self._count(TreeReader(repository, self._pointers), tree, 0)

    def _count(self, reader: TreeReader, tree: pygit2.Tree, depth: int) -> Statistics:
        key = str(tree.id)
        found = self._counted.find(key)
        if found is None:
            found = self._add_up(reader, tree, depth)
            self._counted.keep(key, found)
        return found

    def _add_up(self, reader: TreeReader, tree: pygit2.Tree, depth: int) -> Statistics:
        files = size_bytes = 0
        for entry in reader.list_folder(tree, ""):
            below = (
                tree[entry.path.name] if entry.type == "directory" and not entry.content else None
            )
            if isinstance(below, pygit2.Tree):
                part = self._count(reader, below, depth + 1) if depth < _MAX_DEPTH else _NOTHING
            else:
                part = _of_file(entry)
            files += part.files
            size_bytes += part.size_bytes
        return Statistics(files, size_bytes)


_NOTHING = Statistics(0, 0)


def _of_file(entry: Entry) -> Statistics:
    content = entry.content
    if isinstance(content, Pointer):
        files = (content.files or 1) if content.md5.is_directory else 1
        return Statistics(files, content.size_bytes or 0)
    return Statistics(1, content.size_bytes if isinstance(content, Text) else 0)
