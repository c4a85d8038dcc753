"""What differs between two revisions: files added, removed, changed, renamed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import LabsetError, NotFound, TooLarge
from core.model.access import Actor
from core.model.content import Broken, Entry, EntryChange, Pointer, Text
from core.model.dataset import Dataset
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision
from core.model.storage import Placement
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset, open_placement
from core.usecases.reading.packed import read_packed


@dataclass(frozen=True, slots=True)
class FileState:
    """One file on one side.

    `md5` ends with `.dir` for a packed folder that could not be opened (`files` counts what is in it);
    None, like `size_bytes`, where it is not known.
    """

    path: FilePath
    size_bytes: int | None
    md5: Md5 | None
    stored: Literal["git", "site"] | None
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two revisions, each list by path; `old` None means nothing."""

    dataset: Dataset
    old: Revision | None
    new: Revision
    added: tuple[FileState, ...]
    removed: tuple[FileState, ...]
    changed: tuple[tuple[FileState, FileState], ...]
    renamed: tuple[tuple[FileState, FileState], ...]


def compare_revisions(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    old: Ref | None,
    new: Ref | None,
    path: FilePath | None = None,
) -> Difference:
    """Compare `old` (None: the parent of `new`) with `new` (None: the default branch), below `path`.

    Raises:  NotFound (`ref_not_found`).
    """
    dataset = open_dataset(platform, actor, dataset_id, Needs.READ)
    resolve = platform.history.resolve
    after = resolve(actor, dataset_id, new or Ref(dataset.default_branch))
    before = resolve(actor, dataset_id, old) if old else find_parent(platform, dataset_id, after)
    changes = platform.history.list_changes(dataset_id, before, after)
    changes = _opened(platform, actor, dataset, changes)
    if path is not None:
        changes = [one for one in changes if one.path == path or one.path.within(path)]
    states = _States(platform, actor, dataset, changes)
    return _sorted_out(dataset, before, after, states.pairs())


def find_parent(platform: Platform, dataset_id: DatasetId, revision: Revision) -> Revision | None:
    """Return the commit before this one (of a merge: on its own branch), None before the first."""
    page = platform.history.list_commits(dataset_id, revision, None, 1, 1)
    if not page.items:
        raise NotFound(f"There is no commit {revision}.", code="ref_not_found")
    parents = page.items[0].parents
    return parents[0] if parents else None


def _opened(
    platform: Platform, actor: Actor, dataset: Dataset, changes: Iterable[EntryChange]
) -> list[EntryChange]:
    """Replace packed folders by the files in them, where their listings can be had."""
    before: dict[FilePath, Entry] = {}
    after: dict[FilePath, Entry] = {}
    for change in changes:
        sides = (change.before, change.after)
        try:
            insides = [_inside(platform, actor, dataset, entry) for entry in sides]
        except LabsetError:  # a missing key or a lost listing: the folder is told as one
            insides = [{entry.path: entry} if entry else {} for entry in sides]
        before.update(insides[0])
        after.update(insides[1])
    paths = sorted(before.keys() | after.keys())
    return [EntryChange(before.get(path), after.get(path)) for path in paths]


def _inside(
    platform: Platform, actor: Actor, dataset: Dataset, entry: Entry | None
) -> dict[FilePath, Entry]:
    if entry is None:
        return {}
    if entry.packed is None:
        return {entry.path: entry}
    placement = open_placement(platform, actor, dataset)
    listing = read_packed(platform.objects, placement, entry.path, entry.packed)
    return {path: Entry(path, "file", Pointer(md5, None)) for path, md5 in listing.items()}


class _States:
    """Dresses entries: digests of texts, and the sizes that only the site knows."""

    def __init__(
        self, platform: Platform, actor: Actor, dataset: Dataset, changes: Sequence[EntryChange]
    ) -> None:
        self._platform = platform
        self._dataset = dataset
        self._changes = changes
        unsized = {
            entry.content.md5
            for change in changes
            for entry in (change.before, change.after)
            if entry and isinstance(entry.content, Pointer) and entry.content.size_bytes is None
        }
        self._sizes = self._ask(actor, unsized) if unsized else {}

    def pairs(self) -> Iterator[tuple[FileState | None, FileState | None]]:
        """Yield what is not the same on both sides."""
        for change in self._changes:
            before, after = self._state(change.before), self._state(change.after)
            if before != after or (before and before.md5 is None):
                yield before, after

    def _ask(self, actor: Actor, wanted: set[Md5]) -> dict[Md5, int]:
        try:
            placement: Placement = open_placement(self._platform, actor, self._dataset)
            return dict(self._platform.objects.find_sizes(placement, sorted(wanted)))
        except LabsetError:  # the difference is worth telling without sizes
            return {}

    def _state(self, entry: Entry | None) -> FileState | None:
        if entry is None:
            return None
        content = entry.content
        if isinstance(content, Pointer):
            size_bytes = content.size_bytes
            if size_bytes is None:
                size_bytes = self._sizes.get(content.md5)
            return FileState(entry.path, size_bytes, content.md5, "site", content.files)
        if isinstance(content, Text):
            return FileState(entry.path, content.size_bytes, self._digest(content), "git")
        assert isinstance(content, Broken)  # noqa: S101 - for the type: folders do not come here
        return FileState(entry.path, None, None, None)

    def _digest(self, text: Text) -> Md5 | None:
        try:
            data = self._platform.history.read_text(self._dataset.id, text)
        except TooLarge:  # that it differs, git says
            return None
        return Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())


def _sorted_out(
    dataset: Dataset,
    old: Revision | None,
    new: Revision,
    pairs: Iterable[tuple[FileState | None, FileState | None]],
) -> Difference:
    added: list[FileState] = []
    removed: list[FileState] = []
    changed: list[tuple[FileState, FileState]] = []
    for before, after in pairs:
        if before is None and after is not None:
            added.append(after)
        elif after is None and before is not None:
            removed.append(before)
        elif before is not None and after is not None and _differ(before, after):
            changed.append((before, after))
    renamed = _match_renames(removed, added)
    gone = {before.path for before, _ in renamed}
    come = {after.path for _, after in renamed}
    return Difference(
        dataset,
        old,
        new,
        tuple(one for one in added if one.path not in come),
        tuple(one for one in removed if one.path not in gone),
        tuple(changed),
        tuple(renamed),
    )


def _differ(before: FileState, after: FileState) -> bool:
    """Whether the bytes at one path are others; where they lie is no difference of theirs."""
    return before.md5 is None or before.md5 != after.md5


def _match_renames(
    removed: Sequence[FileState], added: Sequence[FileState]
) -> list[tuple[FileState, FileState]]:
    """Pair files that went with files that came with the same bytes, the same name first."""
    by_md5: dict[Md5, list[FileState]] = {}
    for one in added:
        if one.md5 is not None and one.size_bytes != 0:
            by_md5.setdefault(one.md5, []).append(one)
    found: list[tuple[FileState, FileState]] = []
    for one in removed:
        candidates = by_md5.get(one.md5, []) if one.md5 else []
        if candidates:
            same = [other for other in candidates if other.path.name == one.path.name]
            chosen = (same or candidates)[0]
            candidates.remove(chosen)
            found.append((one, chosen))
    return found
