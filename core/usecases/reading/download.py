"""Find one file at a ref, and open its bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from core.errors import Conflict, Damaged, DataMissing, Invalid, NotFound
from core.model.access import Actor
from core.model.content import Broken, Entry, Pointer, Text
from core.model.dataset import Dataset
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision
from core.model.storage import ByteRange, Link, OpenObject, Placement
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset, open_placement
from core.usecases.reading.packed import read_packed


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file at one revision, whose bytes the caller may have.

    `text` holds the bytes of a small text of git; otherwise they lie at `placement`.
    `is_pinned`: the ref was a full commit id, so the answer never changes.
    """

    dataset: Dataset
    revision: Revision
    is_pinned: bool
    path: FilePath
    md5: Md5
    size_bytes: int
    placement: Placement | None = None
    text: bytes | None = None
    legacy: bool = False


def find_file(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None, path: FilePath
) -> FoundFile:
    """Return the file that `path` names at `ref` (None: the default branch).

    Raises:  NotFound (`dataset`, `ref_not_found`, `file_not_found`), Forbidden, SiteForbidden,
             DataMissing where only the pointer is there.
    """
    dataset = open_dataset(platform, actor, dataset_id, Needs.READ)
    ref = ref or Ref(dataset.default_branch)
    revision = platform.history.resolve(actor, dataset_id, ref)
    entry = platform.history.find_entry(dataset_id, revision, path)
    if entry is None or (entry.type == "directory" and entry.packed is None):
        raise _no_file(path, revision, entry)
    pinned = ref.revision is not None
    if isinstance(entry.content, Text):
        data = platform.history.read_text(dataset_id, entry.content)
        md5 = Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())
        return FoundFile(dataset, revision, pinned, path, md5, len(data), text=data)
    if isinstance(entry.content, Broken):
        raise Conflict(
            f"{path} cannot be read: {entry.content.problem}.",
            code="broken_pointer",
            details={"path": str(path)},
        )
    return _at_site(platform, actor, dataset, entry, FoundAt(revision, pinned, path))


@dataclass(frozen=True, slots=True)
class FoundAt:
    """Which revision and path were asked for."""

    revision: Revision
    is_pinned: bool
    path: FilePath


def open_file(
    platform: Platform, found: FoundFile, byte_range: ByteRange | None = None
) -> OpenObject:
    """Open the bytes of a file that was found, or a range of them."""
    if found.text is not None:
        first, end = (byte_range.first, byte_range.last + 1) if byte_range else (0, None)
        return OpenObject(found.size_bytes, iter((found.text[first:end],)))
    placement = _placement(found)
    try:
        return platform.objects.open(
            placement, found.md5, found.size_bytes, byte_range, legacy=found.legacy
        )
    except DataMissing as error:
        raise bytes_missing(found.path, found.md5, placement) from error


def find_link(platform: Platform, found: FoundFile) -> Link | None:
    """Return a link of at most 60 s at the site, where the site can give one."""
    if found.placement is None or found.legacy or not found.size_bytes:
        return None
    return platform.objects.link_get(found.placement, found.md5, file_name=found.path.name)


def check_there(platform: Platform, found: FoundFile) -> None:
    """Ask the site whether it holds the bytes, without reading them.

    Raises:  DataMissing; Damaged, where they are of another size.
    """
    if found.placement is None:
        return
    size_bytes = platform.objects.find_size(found.placement, found.md5, legacy=found.legacy)
    if size_bytes is None:
        raise bytes_missing(found.path, found.md5, found.placement)
    if size_bytes != found.size_bytes:
        raise Damaged(
            f"The bytes of {found.path} on the storage site {found.placement.site.name} are "
            f"{size_bytes} instead of {found.size_bytes}: store the file again.",
            details={"path": str(found.path), "md5": str(found.md5)},
        )


def bytes_missing(path: FilePath, md5: Md5, placement: Placement) -> DataMissing:
    """Return the error about a file of which only the pointer is there."""
    return DataMissing(
        f"The pointer of {path} is there, its bytes are not on the storage site "
        f"{placement.site.name}: was `dvc push` forgotten?",
        details={"path": str(path), "md5": str(md5)},
    )


def _placement(found: FoundFile) -> Placement:
    if found.placement is None:
        raise Invalid(f"{found.path} lies in git, not on the storage site.")
    return found.placement


def _at_site(
    platform: Platform, actor: Actor, dataset: Dataset, entry: Entry, at: FoundAt
) -> FoundFile:
    placement = open_placement(platform, actor, dataset)
    pointer = entry.content
    if not isinstance(pointer, Pointer):
        raise _no_file(at.path, at.revision, entry)
    md5, size_bytes, legacy = pointer.md5, pointer.size_bytes, pointer.legacy
    if entry.packed is not None:
        listing = read_packed(platform.objects, placement, entry.path, pointer)
        if at.path not in listing:
            is_folder = at.path == entry.path or any(one.within(at.path) for one in listing)
            raise _no_file(at.path, at.revision, entry if is_folder else None)
        md5, size_bytes = listing[at.path], None
    if size_bytes is None:
        size_bytes = platform.objects.find_size(placement, md5, legacy=legacy)
    if size_bytes is None:
        raise bytes_missing(at.path, md5, placement)
    return FoundFile(
        dataset, at.revision, at.is_pinned, at.path, md5, size_bytes, placement, legacy=legacy
    )


def _no_file(path: FilePath, revision: Revision, entry: Entry | None) -> NotFound:
    if entry is not None:
        text = f"{path} is a folder: list it with /tree/, or fetch it with /archive."
        return NotFound(text, code="is_directory", details={"path": str(path)})
    return NotFound(
        f"There is no file {path} at {revision.sha[:8]}.",
        code="file_not_found",
        details={"path": str(path), "commit": revision.sha},
    )
