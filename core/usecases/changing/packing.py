"""Pack a folder: thousands of pointers become one `.dir` pointer in one commit, and back.

Source:  DVC's directory objects (COMPAT 4.1): `[{"md5": …, "relpath": …}, …]`, sorted by relpath, as
`dvc add <folder>` writes them, so that both give the same name to the same files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from core.errors import Conflict, DataMissing, Invalid
from core.model.access import Actor
from core.model.content import MAX_DIR_FILES, Entry, Pointer, Text
from core.model.history import Change
from core.model.names import DatasetId, FilePath, Md5, Ref
from core.model.storage import Placement
from core.ports import Platform
from core.usecases.access.opening import read_placement
from core.usecases.changing.rearrange import (
    MAX_REARRANGED_FILES,
    Rearranged,
    Tip,
    commit_changes,
    content_to_put,
    find_standing_entry,
    list_files_of,
    open_tip,
)
from core.usecases.reading.packed import read_packed


def pack_folder(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    folder: FilePath,
    branch: Ref | None,
    message: str,
) -> Rearranged:
    """Make one pointer of a folder; its listing, and the texts that lay in git, go to the site.

    Raises:  NotFound; Invalid, for a file or what is packed already; Conflict, for files that a listing
             cannot name (`broken_pointer`, and pointers of DVC 2).
    """
    tip = open_tip(platform, actor, dataset_id, branch)
    entry = find_standing_entry(platform, tip, folder)
    if entry.type == "file" or entry.packed:
        what = "a file" if entry.type == "file" else "packed already"
        raise Invalid(f"{folder} is {what}: only an ordinary folder can be packed.")
    placement = read_placement(platform, tip.dataset)
    files = _files_by_path(platform, placement, tip, entry)
    pointer = _store_listing(platform, placement, folder, files)
    changes = [Change(folder, None), Change(folder, pointer)]
    return Rearranged(commit_changes(platform, actor, tip, message, changes), len(files))


def unpack_folder(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    folder: FilePath,
    branch: Ref | None,
    message: str,
) -> Rearranged:
    """Make one pointer per file of a packed folder.

    Raises:  NotFound; Invalid, for what is not packed; DataMissing, naming the first file whose bytes
             are not on the site: its pointer needs their size.
    """
    tip = open_tip(platform, actor, dataset_id, branch)
    entry = find_standing_entry(platform, tip, folder)
    if entry.packed is None:
        raise Invalid(f"{folder} is not a packed folder.")
    placement = read_placement(platform, tip.dataset)
    listing = read_packed(platform.objects, placement, folder, entry.packed)
    _check_count(folder, len(listing), MAX_REARRANGED_FILES)
    sizes = platform.objects.find_sizes(placement, sorted(set(listing.values())))
    changes = [Change(folder, None)]
    for path, md5 in sorted(listing.items()):
        if md5 not in sizes:
            raise DataMissing(
                f"The bytes of {path} are not on the storage site {placement.site.name}: "
                "was `dvc push` forgotten?",
                details={"path": path.text, "md5": str(md5)},
            )
        changes.append(Change(path, Pointer(md5, sizes[md5])))
    return Rearranged(commit_changes(platform, actor, tip, message, changes), len(listing))


def _files_by_path(
    platform: Platform, placement: Placement, tip: Tip, folder: Entry
) -> dict[FilePath, Pointer]:
    """Return every file below the folder as a pointer; what lies in git or in a listing moves first."""
    found: dict[FilePath, Pointer] = {}
    entries = list_files_of(platform, tip, folder)
    _check_count(folder.path, len(entries), MAX_DIR_FILES)
    for entry in entries:
        if entry.packed is not None:
            found.update(_listed(platform, placement, entry.path, entry.packed))
        else:
            found[entry.path] = _as_pointer(platform, placement, tip, entry)
    _check_count(folder.path, len(found), MAX_DIR_FILES)
    return found


def _listed(
    platform: Platform, placement: Placement, folder: FilePath, packed: Pointer
) -> Mapping[FilePath, Pointer]:
    listing = read_packed(platform.objects, placement, folder, packed)
    sizes = platform.objects.find_sizes(placement, sorted(set(listing.values())))
    return {path: Pointer(md5, sizes.get(md5)) for path, md5 in listing.items()}


def _as_pointer(platform: Platform, placement: Placement, tip: Tip, entry: Entry) -> Pointer:
    content = content_to_put(platform, tip.dataset.id, entry)
    if isinstance(entry.content, Text) and isinstance(content, bytes):
        stored = platform.objects.put(placement, (content,), size_bytes=len(content))
        return Pointer(stored.md5, stored.size_bytes)
    if isinstance(content, Pointer) and not content.legacy:
        return content
    raise Conflict(
        f"{entry.path} is a pointer of DVC 2, which no packed folder can hold: upload it again first.",
        code="broken_pointer",
        details={"path": entry.path.text},
    )


def _store_listing(
    platform: Platform, placement: Placement, folder: FilePath, files: Mapping[FilePath, Pointer]
) -> Pointer:
    """Store what is in the folder and return the pointer that stands for it."""
    rows = _rows(folder, files)
    data = json.dumps(rows, sort_keys=True).encode()
    name = Md5(hashlib.md5(data, usedforsecurity=False).hexdigest(), is_directory=True)
    platform.objects.put(placement, (data,), expected=name, size_bytes=len(data))
    sizes = [pointer.size_bytes for pointer in files.values()]
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    return Pointer(name, total, files=len(files))


def _rows(folder: FilePath, files: Mapping[FilePath, Pointer]) -> Sequence[Mapping[str, str]]:
    """Return the listing in DVC's order."""
    start = len(folder.text) + 1
    named = sorted((path.text[start:], pointer.md5.hex) for path, pointer in files.items())
    return [{"md5": md5, "relpath": relpath} for relpath, md5 in named]


def _check_count(folder: FilePath, files: int, most: int) -> None:
    if files > most:
        raise Invalid(
            f"{folder} holds {files:,} files; at most {most:,} can be packed or unpacked."
        )
