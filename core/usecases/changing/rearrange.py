"""Delete and move what is already there: one commit each, no byte is sent."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from core.model.access import Actor
from core.model.content import Broken, Entry, Pointer, Text
from core.model.dataset import Dataset
from core.model.history import Change, CommitOrder, Committed, check_message
from core.model.names import DatasetId, FilePath, Ref, Revision
from core.model.storage import Placement
from core.ports import Platform
from core.usecases.access.opening import open_placement_to_write, open_to_write
from core.usecases.datasets.branches import find_base
from core.usecases.uploading.announce import standing_problem
from core.usecases.uploading.committing import with_granters

MAX_REARRANGED_FILES = 100_000
MAX_MOVES = 500


@dataclass(frozen=True, slots=True)
class Tip:
    """A branch that the caller may write to, and the revision that was seen when the call began.

    `placement` is None in a dataset that is bound to no site.
    """

    dataset: Dataset
    branch: Ref
    revision: Revision
    placement: Placement | None


@dataclass(frozen=True, slots=True)
class Rearranged:
    """The commit that was made, and how many files it is about."""

    committed: Committed
    files: int


def open_tip(platform: Platform, actor: Actor, dataset_id: DatasetId, branch: Ref | None) -> Tip:
    """Ask for both keys, also where no byte moves, and for the tip of the branch.

    Raises:  NotFound in an empty dataset.
    """
    dataset = open_to_write(platform, actor, dataset_id)
    branch = branch or Ref(dataset.default_branch)
    is_bound = platform.bindings.find_placement(dataset_id) is not None
    placement = open_placement_to_write(platform, actor, dataset) if is_bound else None
    base = find_base(platform, actor, dataset, branch)
    if base is None:
        raise NotFound("There is no file in this dataset yet.", code="file_not_found")
    return Tip(dataset, branch, base, placement)


def commit_changes(
    platform: Platform, actor: Actor, tip: Tip, message: str, changes: Sequence[Change]
) -> Committed:
    """Make one commit of changes that bring no bytes; a path that somebody else changed is a Conflict."""
    check_message(message)
    if len(changes) > MAX_REARRANGED_FILES:
        raise TooLarge(f"One change moves at most {MAX_REARRANGED_FILES:,} files: take a part.")
    person = platform.directory.read_person(actor)
    order = CommitOrder(
        key=secrets.token_hex(16),
        branch=tip.branch,
        message=message,
        changes=tuple(changes),
        base=tip.revision,
        author_name=person.name,
        author_email=person.email,
    )
    try:
        return platform.history.commit(actor, tip.dataset.id, order)
    except Forbidden as error:
        raise with_granters(platform, actor, tip.dataset.id, error) from error


def delete_path(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    path: FilePath,
    branch: Ref | None,
    message: str,
) -> Committed:
    """Delete a file or a folder; its bytes stay, older revisions keep naming them."""
    tip = open_tip(platform, actor, dataset_id, branch)
    find_standing_entry(platform, tip, path)
    return commit_changes(platform, actor, tip, message, [Change(path, None)])


def move_paths(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    moves: Sequence[tuple[FilePath, FilePath]],
    branch: Ref | None,
    message: str,
) -> Rearranged:
    """Give files and folders other paths; notes in their pointers come along.

    Raises:  NotFound; Invalid, for a folder into itself or moves that touch each other; Conflict
             (`path_taken`), where something stands at the new path.
    """
    _check_moves(moves)
    tip = open_tip(platform, actor, dataset_id, branch)
    changes: list[Change] = []
    for old, new in moves:
        entry = find_standing_entry(platform, tip, old)
        _check_free(platform, tip, new)
        changes.append(Change(old, None))
        changes.extend(_moved(platform, tip, entry, new))
    committed = commit_changes(platform, actor, tip, message, changes)
    return Rearranged(committed, len(changes) - len(moves))


def find_standing_entry(platform: Platform, tip: Tip, path: FilePath) -> Entry:
    """Return what lies at `path` itself.

    Raises:  NotFound; Conflict (`path_taken`), where it lies inside a packed folder.
    """
    entry = platform.history.find_entry(tip.dataset.id, tip.revision, path)
    if entry is None:
        raise NotFound(f"There is no {path} on {tip.branch}.", code="file_not_found")
    if entry.path != path:
        raise Conflict(f"{path} {standing_problem(path, entry)}.", code="path_taken")
    return entry


def list_files_of(platform: Platform, tip: Tip, entry: Entry) -> Sequence[Entry]:
    """Return all files and packed folders of a folder, or the one that `entry` is."""
    if entry.type == "file" or entry.packed:
        return [entry]
    return platform.history.walk_entries(tip.dataset.id, tip.revision, entry.path)


def content_to_put(platform: Platform, dataset_id: DatasetId, entry: Entry) -> Pointer | bytes:
    """Return what stands for the file in a commit. Raises: Conflict (`broken_pointer`)."""
    if isinstance(entry.content, Pointer):
        return entry.content
    if isinstance(entry.content, Text):
        return platform.history.read_text(dataset_id, entry.content)
    problem = entry.content.problem if isinstance(entry.content, Broken) else "it is a folder"
    raise Conflict(
        f"{entry.path} cannot be taken along: {problem}.",
        code="broken_pointer",
        details={"path": entry.path.text},
    )


def _moved(platform: Platform, tip: Tip, entry: Entry, new: FilePath) -> Iterator[Change]:
    for file in list_files_of(platform, tip, entry):
        path = FilePath(new.text + file.path.text.removeprefix(entry.path.text))
        content = content_to_put(platform, tip.dataset.id, file)
        yield Change(path, content, moved_from=file.path)


def _check_moves(moves: Sequence[tuple[FilePath, FilePath]]) -> None:
    if not moves:
        raise Invalid("Name what is to be moved: `from` and `to`.", details={"field": "moves"})
    if len(moves) > MAX_MOVES:
        raise TooLarge(
            f"One request moves at most {MAX_MOVES} paths: move their folder, or a part."
        )
    ends = [path for move in moves for path in move]
    for index, one in enumerate(ends):
        for other in ends[index + 1 :]:
            if one == other or one.within(other) or other.within(one):
                raise Invalid(
                    f"{one} and {other} lie in each other: move them one after the other.",
                    details={"field": "moves"},
                )


def _check_free(platform: Platform, tip: Tip, path: FilePath) -> None:
    entry = platform.history.find_entry(tip.dataset.id, tip.revision, path)
    if entry is not None:
        where = f"{entry.path} stands there already" if entry.path == path else "a folder is packed"
        raise Conflict(f"{path} is taken: {where}.", code="path_taken", details={"path": path.text})
