"""How much a revision holds, counted folder by folder: an unchanged folder is counted once."""

from __future__ import annotations

import pygit2

from core.model.content import Entry, Pointer, Statistics, Text
from gitlab_bridge.recent import Recent
from gitlab_bridge.trees import PointerTexts, TreeReader


class TreeCounter:
    """Counts files and bytes of trees, which are named by what they hold."""

    def __init__(self, pointers: PointerTexts) -> None:
        self._pointers = pointers
        self._counted: Recent[str, Statistics] = Recent(100_000)

    def count(self, repository: pygit2.Repository, tree: pygit2.Tree) -> Statistics:
        """Return the numbers of a tree with all below it, however often a folder repeats in it."""
        reader = TreeReader(repository, self._pointers)
        known: dict[str, Statistics] = {}
        waiting = [tree]
        while waiting:
            folder = waiting[-1]
            files, below = self._look(reader, folder, known)
            missing = [child for child in below if str(child.id) not in known]
            waiting.extend(missing)
            if not missing:
                parts = [*files, *(known[str(child.id)] for child in below)]
                self._keep(known, folder, parts)
                waiting.pop()
        return known[str(tree.id)]

    def _look(
        self, reader: TreeReader, folder: pygit2.Tree, known: dict[str, Statistics]
    ) -> tuple[list[Statistics], list[pygit2.Tree]]:
        """Return what lies directly in the folder: numbers of its files, and its folders."""
        found = self._counted.find(str(folder.id))
        if found is not None:
            known[str(folder.id)] = found
            return [found], []
        files: list[Statistics] = []
        below: list[pygit2.Tree] = []
        for entry in reader.list_folder(folder, ""):
            if entry.type == "directory" and not entry.content:
                below.append(folder[entry.path.name].peel(pygit2.Tree))
            else:
                files.append(_of_file(entry))
        return files, below

    def _keep(
        self, known: dict[str, Statistics], folder: pygit2.Tree, parts: list[Statistics]
    ) -> None:
        total = Statistics(
            sum(part.files for part in parts), sum(part.size_bytes for part in parts)
        )
        known[str(folder.id)] = total
        self._counted.keep(str(folder.id), total)


def _of_file(entry: Entry) -> Statistics:
    content = entry.content
    if isinstance(content, Pointer):
        files = (content.files or 1) if content.md5.is_directory else 1
        return Statistics(files, content.size_bytes or 0)
    return Statistics(1, content.size_bytes if isinstance(content, Text) else 0)
