"""Undo one change: a new commit that puts back what it took away and takes away what it brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.errors import Conflict, DataMissing, Invalid
from core.model.access import Actor
from core.model.content import Entry, EntryChange, Pointer
from core.model.history import Change
from core.model.names import DatasetId, Md5, Ref, Revision
from core.ports import Platform
from core.usecases.access.opening import read_placement
from core.usecases.changing.rearrange import (
    Rearranged,
    Tip,
    commit_changes,
    content_to_put,
    open_tip,
)
from core.usecases.reading.compare import find_parent


def revert_commit(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    undone: Ref,
    branch: Ref | None,
    message: str,
) -> Rearranged:
    """Undo the commit `undone` on the branch, file by file.

    Raises:  NotFound; Invalid, for a commit that changed no file; Conflict (`path_changed`), naming
             the first file that is no longer as the commit left it; DataMissing, where the earlier
             bytes are gone from the site.
    """
    tip = open_tip(platform, actor, dataset_id, branch)
    revision = platform.history.resolve(actor, dataset_id, undone)
    before = find_parent(platform, dataset_id, revision)
    undoing = platform.history.list_changes(dataset_id, before, revision)
    if not undoing:
        raise Invalid(f"The commit {revision.sha[:8]} changed no file: there is nothing to undo.")
    _check_untouched(platform, tip, revision, undoing)
    _check_bytes(platform, tip, [one.before for one in undoing if one.before])
    changes = list(_inverse(platform, tip, undoing))
    title = message or f"Undo {revision.sha[:8]}"
    return Rearranged(commit_changes(platform, actor, tip, title, changes), len(undoing))


def _check_untouched(
    platform: Platform, tip: Tip, revision: Revision, changes: Sequence[EntryChange]
) -> None:
    """Refuse where a later commit changed one of the files again."""
    find = platform.history.find_entry
    for change in changes:
        path, new = change.path, change.after
        now = find(tip.dataset.id, tip.revision, path)
        if (now.content if now and now.path == path else None) != (new.content if new else None):
            raise Conflict(
                f"{path} was changed again after {revision.sha[:8]}: undo the later change first, "
                "or put the file right by hand.",
                code="path_changed",
                details={"path": path.text, "commit": revision.sha},
            )


def _check_bytes(platform: Platform, tip: Tip, entries: Sequence[Entry]) -> None:
    """Refuse to bring back pointers whose bytes are gone."""
    pointers = {
        entry.content.md5: entry
        for entry in entries
        if isinstance(entry.content, Pointer) and not entry.content.legacy
    }
    if not pointers:
        return
    placement = read_placement(platform, tip.dataset)
    wanted: list[tuple[Md5, int | None]] = [(md5, None) for md5 in pointers]
    missing = platform.objects.missing(placement, wanted)
    for md5 in missing:
        path = pointers[md5].path
        raise DataMissing(
            f"The earlier bytes of {path} are no longer on the storage site {placement.site.name}.",
            details={"path": path.text, "md5": str(md5)},
        )


def _inverse(platform: Platform, tip: Tip, changes: Sequence[EntryChange]) -> Iterator[Change]:
    for change in changes:
        path, old, new = change.path, change.before, change.after
        if old is None or (new is not None and old.type != new.type):
            yield Change(path, None)
        if old is not None:
            yield Change(path, _earlier(platform, tip, old, new))


def _earlier(platform: Platform, tip: Tip, old: Entry, new: Entry | None) -> Pointer | bytes:
    """Return the earlier content; a text that has moved to the site does not move back into git."""
    content = content_to_put(platform, tip.dataset.id, old)
    became_pointer = new is not None and isinstance(new.content, Pointer)
    if isinstance(content, Pointer) or not became_pointer:
        return content
    stored = platform.objects.put(read_placement(platform, tip.dataset), (content,))
    return Pointer(stored.md5, stored.size_bytes)
