"""Listings of folders, kept by git's id; a large folder of which little changed is brought up to date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pygit2

from core.errors import TooLarge
from core.model.content import Entry
from core.model.names import DatasetId
from gitlab_bridge.recent import Recent
from gitlab_bridge.trees import MAX_ENTRIES, TreeReader, shown_names

LARGE = 2_000
_KEPT_ENTRIES = 300_000
_LINE = re.compile(rb"[0-7]+ ([^\0]+)\0.{20}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Listing:
    """What one tree holds: `by_name` by the names of git without `.dvc`, `raw` the tree itself."""

    entries: tuple[Entry, ...]
    by_name: Mapping[bytes, Entry] = field(default_factory=dict)
    raw: bytes = b""

    def __len__(self) -> int:
        return len(self.entries)


class FolderLists:
    """Remembers folders of all datasets; what it has not seen, a `TreeReader` reads."""

    def __init__(self) -> None:
        self._kept: Recent[tuple[str, str], _Listing] = Recent(_KEPT_ENTRIES, len)
        self._large: Recent[tuple[int, str], _Listing] = Recent(_KEPT_ENTRIES, len)

    def list_folder(
        self, reader: TreeReader, dataset_id: DatasetId, tree: pygit2.Tree, prefix: str
    ) -> tuple[Entry, ...]:
        """Return what lies directly in `tree`, whose path is `prefix`: folders first, by name."""
        key = (str(tree.id), prefix)
        return self._kept.get(key, lambda: self._list(reader, dataset_id, tree, prefix)).entries

    def walk(
        self, reader: TreeReader, dataset_id: DatasetId, tree: pygit2.Tree, prefix: str
    ) -> list[Entry]:
        """Return all files and packed folders below `tree`, by path. Raises: TooLarge."""
        found: list[Entry] = []
        stack = [(tree, prefix)]
        seen = 0
        while stack:
            folder, where = stack.pop()
            entries = self.list_folder(reader, dataset_id, folder, where)
            seen += len(entries)
            if seen > MAX_ENTRIES:
                raise TooLarge(f"This revision has more than {MAX_ENTRIES} files and folders.")
            for entry in entries:
                if entry.type == "file" or entry.content is not None:
                    found.append(entry)
                elif isinstance(child := folder[entry.path.name], pygit2.Tree):
                    stack.append((child, f"{entry.path.text}/"))
        found.sort(key=lambda entry: entry.path.text)
        return found

    def _list(
        self, reader: TreeReader, dataset_id: DatasetId, tree: pygit2.Tree, prefix: str
    ) -> _Listing:
        if len(tree) < LARGE:
            return _Listing(_sorted(dict(reader.named_entries(tree, prefix))))
        raw = tree.read_raw()
        before = self._large.find((dataset_id.number, prefix))
        changed = _changed_names(before.raw, raw) if before else None
        if before is None or changed is None:
            by_name = dict(reader.named_entries(tree, prefix))
        else:
            by_name = {name: one for name, one in before.by_name.items() if name not in changed}
            by_name.update(reader.named_entries(tree, prefix, only=changed))
        listing = _Listing(_sorted(by_name), by_name, raw)
        self._large.keep((dataset_id.number, prefix), listing)
        return listing


def _changed_names(before: bytes, after: bytes) -> set[bytes] | None:
    """Return the names at which two trees differ; None where reading all anew is no slower."""
    lines = {line[0]: line[1] for line in _lines(before)}
    names = {name for line, name in _lines(after) if lines.pop(line, None) is None}
    names.update(lines.values())
    return shown_names(names) if len(names) < LARGE * 5 else None


def _lines(raw: bytes) -> list[tuple[bytes, bytes]]:
    return [(match[0], match[1]) for match in _LINE.finditer(raw)]


def _sorted(by_name: Mapping[bytes, Entry]) -> tuple[Entry, ...]:
    return tuple(
        sorted(by_name.values(), key=lambda entry: (entry.type == "file", entry.path.text))
    )
