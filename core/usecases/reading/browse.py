"""Look into a dataset: refs, folders, history."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import Conflict, Damaged, NotFound, SiteForbidden, TooLarge, Unavailable
from core.model.access import Actor
from core.model.content import Broken, Entry, Pointer, Text
from core.model.dataset import Dataset, Page
from core.model.history import Commit, Refs
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, folded
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset, open_placement
from core.usecases.reading.packed import read_packed

MAX_LISTED_DIGEST_BYTES = 1024 * 1024  # a text in git over this has its md5 on its own page only


# What keeps one packed folder shut, and is no reason to hide the rest of a listing.
_CLOSED = (Conflict, Damaged, NotFound, SiteForbidden, TooLarge, Unavailable)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a folder as people see it.

    `size_bytes` and `md5` are None for folders and broken pointers, `md5` also for large files that
    somebody put into git: a page of them would be gigabytes to read. `stored` says where the bytes
    lie; `problem` why a pointer cannot be read or a packed folder not opened;
    `packed` marks a folder that is one pointer.
    """

    path: FilePath
    type: Literal["file", "directory"]
    size_bytes: int | None = None
    md5: Md5 | None = None
    stored: Literal["git", "site"] | None = None
    problem: str | None = None
    packed: bool = False
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """One page of a folder at one revision; `packed` is the packed folder that it is or lies in."""

    dataset: Dataset
    revision: Revision
    path: FilePath | None
    rows: Page[Row]
    packed: FilePath | None = None


def list_refs(platform: Platform, actor: Actor, dataset_id: DatasetId) -> tuple[Dataset, Refs]:
    """Return the dataset and its branches and tags."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.READ)
    return dataset, platform.history.list_refs(actor, dataset_id)


def resolve_ref(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None
) -> tuple[Dataset, Revision]:
    """Return the dataset and the revision that `ref` (None: the default branch) names now."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.READ)
    return dataset, platform.history.resolve(actor, dataset_id, ref or Ref(dataset.default_branch))


def list_commits(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    ref: Ref | None,
    path: FilePath | None,
    *,
    page: int,
    per_page: int,
) -> Page[Commit]:
    """Return the history of a ref, newest first; empty where nothing was committed yet."""
    try:
        _, revision = resolve_ref(platform, actor, dataset_id, ref)
    except NotFound as error:
        if ref is None and error.code == "ref_not_found":
            return Page((), page, per_page, 0, has_next=False)
        raise
    return platform.history.list_commits(dataset_id, revision, path, page, per_page)


def last_changes(platform: Platform, folder: Folder) -> Mapping[FilePath, Commit]:
    """Return the newest commit of each row of a folder that was opened."""
    paths = [row.path for row in folder.rows.items]
    return platform.history.last_changes(folder.dataset.id, folder.revision, paths)


def list_folder(  # noqa: PLR0913 - what a listing is asked for, each by name
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    ref: Ref | None,
    path: FilePath | None,
    *,
    recursive: bool,
    page: int,
    per_page: int,
    name_contains: str = "",
) -> Folder:
    """Return one page of a folder (None: the root) at a ref; `name_contains` in any case.

    Raises:  NotFound with code `ref_not_found` or `folder_not_found`; SiteForbidden only where the
             folder is packed, since its listing lies on the site.
    """
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    view = _View(platform, actor, dataset, revision)
    entries = view.walk(path) if recursive else view.direct(path)
    if name_contains:
        wanted = folded(name_contains)
        entries = [entry for entry in entries if wanted in folded(entry.path.name)]
    start = (page - 1) * per_page
    rows = tuple(view.row(entry) for entry in entries[start : start + per_page])
    shown = Page(
        view.with_sizes(rows), page, per_page, len(entries), len(entries) > start + per_page
    )
    packed = view.find_packed(path)
    return Folder(dataset, revision, path, shown, packed.path if packed else None)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file without its bytes; `commit` is the newest that changed it."""

    dataset: Dataset
    revision: Revision
    row: Row
    commit: Commit | None


def show_file(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None, path: FilePath
) -> FileFacts:
    """Return the facts of one file, also of one whose bytes the caller may not have.

    Raises:  NotFound with code `is_directory` for a folder, `file_not_found` for nothing.
    """
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    view = _View(platform, actor, dataset, revision)
    (row,) = view.with_sizes((view.row(view.file(path), digest_up_to=None),))
    commits = platform.history.last_changes(dataset_id, revision, [path])
    return FileFacts(dataset, revision, row, commits.get(path))


class _View:
    """One revision through the eyes of one caller; packed folders are opened on demand."""

    def __init__(
        self, platform: Platform, actor: Actor, dataset: Dataset, revision: Revision
    ) -> None:
        self._platform = platform
        self._actor = actor
        self._dataset = dataset
        self._revision = revision
        self._closed: dict[FilePath, str] = {}  # packed folders that did not open, and why

    def direct(self, path: FilePath | None) -> Sequence[Entry]:
        """Return what lies directly in `path`."""
        packed = self.find_packed(path)
        if packed is None or path is None:
            return self._platform.history.list_entries(self._dataset.id, self._revision, path)
        inside = [entry for entry in self._unpack(packed) if entry.path.within(path)]
        if not inside:
            raise NotFound(f"There is no folder {path}.", code="folder_not_found")
        return _directly_in(path, inside)

    def walk(self, path: FilePath | None) -> Sequence[Entry]:
        """Return all files below `path`, packed ones too."""
        packed = self.find_packed(path)
        if packed is not None and path is not None:
            return [entry for entry in self._unpack(packed) if entry.path.within(path)]
        entries: list[Entry] = []
        for entry in self._platform.history.walk_entries(self._dataset.id, self._revision, path):
            entries.extend(self._try_to_unpack(entry) if entry.packed else (entry,))
        return entries

    def find_packed(self, path: FilePath | None) -> Entry | None:
        """Return the packed folder that `path` is or lies in. Raises: NotFound, for no folder."""
        if path is None:
            return None
        entry = self._platform.history.find_entry(self._dataset.id, self._revision, path)
        if entry is None or entry.type == "file":
            raise NotFound(f"There is no folder {path}.", code="folder_not_found")
        return entry if entry.packed else None

    def row(self, entry: Entry, *, digest_up_to: int | None = MAX_LISTED_DIGEST_BYTES) -> Row:
        """Dress one entry; of a text of over `digest_up_to` bytes without its md5."""
        content = entry.content
        if entry.type == "directory":
            packed = entry.packed
            return Row(
                entry.path,
                "directory",
                packed.size_bytes if packed else None,
                packed.md5 if packed else None,
                problem=self._closed.get(entry.path),
                packed=packed is not None,
                files=packed.files if packed else None,
            )
        if isinstance(content, Pointer):
            return Row(entry.path, "file", content.size_bytes, content.md5, "site")
        if isinstance(content, Text):
            wanted = digest_up_to is None or content.size_bytes <= digest_up_to
            md5 = self._digest(content) if wanted else None
            return Row(entry.path, "file", content.size_bytes, md5, "git")
        problem = content.problem if isinstance(content, Broken) else "unknown content"
        return Row(entry.path, "file", problem=problem)

    def with_sizes(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Fill in sizes that only the site knows (files of packed folders), where it may be asked."""
        unsized = [row.md5 for row in rows if row.stored == "site" and row.size_bytes is None]
        wanted = [md5 for md5 in unsized if md5]
        if not wanted:
            return rows
        sizes = self._find_sizes(wanted)
        return tuple(
            replace(row, size_bytes=sizes.get(row.md5))
            if row.md5 and row.stored == "site" and row.size_bytes is None
            else row
            for row in rows
        )

    def file(self, path: FilePath) -> Entry:
        """Return the file at `path`, also inside a packed folder."""
        entry = self._platform.history.find_entry(self._dataset.id, self._revision, path)
        if entry is not None and entry.packed is not None and entry.path != path:
            entry = next((one for one in self._unpack(entry) if one.path == path), None)
        if entry is None:
            raise NotFound(f"There is no file {path}.", code="file_not_found")
        if entry.type == "directory":
            raise NotFound(f"{path} is a folder.", code="is_directory")
        return entry

    def _find_sizes(self, wanted: Sequence[Md5]) -> Mapping[Md5, int | None]:
        try:
            placement = open_placement(self._platform, self._actor, self._dataset)
            return self._platform.objects.find_sizes(placement, wanted)
        except _CLOSED:
            return {}

    def _digest(self, text: Text) -> Md5:
        data = self._platform.history.read_text(self._dataset.id, text)
        return Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())

    def _try_to_unpack(self, entry: Entry) -> list[Entry]:
        """Return the files of a packed folder, or the folder where its listing cannot be had."""
        try:
            return self._unpack(entry)
        except _CLOSED as error:
            self._closed[entry.path] = error.message
            return [entry]

    def _unpack(self, entry: Entry) -> list[Entry]:
        pointer = entry.packed
        if pointer is None:
            return [entry]
        placement = open_placement(self._platform, self._actor, self._dataset)
        listing = read_packed(self._platform.objects, placement, entry.path, pointer)
        return [Entry(path, "file", Pointer(md5, None)) for path, md5 in sorted(listing.items())]


def _directly_in(folder: FilePath, entries: Sequence[Entry]) -> Sequence[Entry]:
    folders: dict[str, Entry] = {}
    files: list[Entry] = []
    for entry in entries:
        rest = entry.path.text[len(folder.text) + 1 :]
        head, slash, _ = rest.partition("/")
        if slash:
            folders.setdefault(head, Entry(FilePath(f"{folder}/{head}"), "directory"))
        else:
            files.append(entry)
    return [*(folders[name] for name in sorted(folders)), *files]
