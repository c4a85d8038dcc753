"""A dataset as clients of the Hugging Face Hub see a repository."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import Invalid, NotFound, SiteForbidden, TooLarge
from core.model.access import Actor
from core.model.content import Entry, Pointer, Text
from core.model.dataset import Dataset
from core.model.history import Commit
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset
from core.usecases.reading.contents import Chosen, Contents, open_contents, with_sizes
from core.usecases.reading.download import FoundFile, find_file

ALIAS = "ds"  # `ds/4473` stands for a dataset whose groups are nested: clients allow one slash
MAIN = "main"  # what clients ask for where nobody named a revision
MAX_TREE_ROWS = 10_000
MAX_TREE_ROWS_WITH_COMMITS = 100
MAX_INFO_PATHS = 1_000

_ID = re.compile(r"[1-9][0-9]{0,17}")
_PATH = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}")
_NO_OBJECT = "0" * 40


@dataclass(frozen=True, slots=True)
class Pinned:
    """A dataset that the caller may read, at the one revision that answers.

    `is_pinned`: a full commit id was asked for, so that the answer never changes.
    """

    dataset: Dataset
    revision: Revision
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """A file or folder. `oid` names what it holds: git's blob, the md5 of bytes on the site.

    `sha256` is None where nobody has read the bytes through Labset yet, `size_bytes` where only the
    site would know it and does not.
    """

    entry: Entry
    oid: str
    size_bytes: int | None = None
    sha256: str | None = None
    commit: Commit | None = None


def find_repository(platform: Platform, actor: Actor, namespace: str, name: str) -> DatasetId:
    """Return the id behind `<namespace>/<name>` or `ds/<id>`; nothing is permitted by that.

    Raises:  NotFound.
    """
    if namespace == ALIAS and _ID.fullmatch(name):
        return DatasetId(int(name))
    found = None
    if _PATH.fullmatch(namespace) and _PATH.fullmatch(name):
        found = platform.directory.find_dataset_id(actor, f"{namespace}/{name}")
    if found is None:
        raise NotFound(f"There is no dataset {namespace}/{name}, or you may not see it.")
    return found


def pin(platform: Platform, actor: Actor, dataset_id: DatasetId, revision: str | None) -> Pinned:
    """Return the dataset at a branch, tag or commit; None, or a `main` that is not there: the default.

    Raises:  NotFound (`ref_not_found` also for what no ref can be called), Forbidden.
    """
    dataset = open_dataset(platform, actor, dataset_id, Needs.READ)
    try:
        ref = Ref(revision or dataset.default_branch)
    except Invalid as error:
        raise NotFound(error.message, code="ref_not_found") from error
    return _resolved(platform, actor, dataset, ref)


def find_repository_file(platform: Platform, actor: Actor, pinned: Pinned, path: str) -> FoundFile:
    """Return the file at a path.

    Raises:  NotFound (`file_not_found` also for what no path can be), as `find_file`.
    """
    ref = Ref(pinned.revision.sha)
    found = find_file(platform, actor, pinned.dataset.id, ref, _parsed(path))
    return replace(found, is_pinned=pinned.is_pinned)


@dataclass(frozen=True, slots=True)
class Tree:
    """Some rows of a listing from row `start`; `following` is where the next ones begin, if any."""

    rows: Sequence[RepositoryRow]
    following: int | None


def list_repository(
    platform: Platform,
    actor: Actor,
    pinned: Pinned,
    path: str,
    *,
    recursive: bool,
    with_commits: bool,
    start: int,
    limit: int | None,
) -> Tree:
    """List a folder ("": the root), each folder before what it holds.

    Raises:  NotFound with code `folder_not_found`; SiteForbidden where a folder is packed.
    """
    folder = _parsed(path) if path else None
    contents = _open(platform, actor, pinned, folder)
    if folder is not None and any(entry.path == folder for entry in contents.files):
        raise NotFound(f"{path} is a file, not a folder.", code="folder_not_found")
    most = MAX_TREE_ROWS_WITH_COMMITS if with_commits else MAX_TREE_ROWS
    end = start + min(limit or most, most)
    listed = list(_listed(contents.files, folder, recursive=recursive))
    rows = _rows(platform, replace(contents, files=listed[start:end]))
    if with_commits:
        rows = _with_commits(platform, pinned, rows)
    return Tree(rows, end if len(listed) > end else None)


def list_paths(
    platform: Platform, actor: Actor, pinned: Pinned, paths: Sequence[str], *, with_commits: bool
) -> Sequence[RepositoryRow]:
    """Return what is at the paths; those where nothing is are left out.

    Raises:  TooLarge.
    """
    if len(paths) > MAX_INFO_PATHS:
        raise TooLarge(
            f"At most {MAX_INFO_PATHS:,} paths at once.",
            details={"field": "paths", "limit": MAX_INFO_PATHS},
        )
    found: list[Entry] = []
    placement = None
    for path in paths:
        contents = _find(platform, actor, pinned, path)
        if contents is not None:
            placement = placement or contents.placement
            found.append(_named(contents.files, FilePath(path.strip("/"))))
    all_found = Contents(pinned.dataset, pinned.revision, pinned.is_pinned, found, placement)
    rows = _rows(platform, all_found)
    return _with_commits(platform, pinned, rows) if with_commits else rows


def list_siblings(
    platform: Platform, actor: Actor, pinned: Pinned, *, with_facts: bool
) -> Sequence[RepositoryRow] | None:
    """Return all files, with sizes and checksums if asked.

    None, where a folder is packed and the caller may not read the site that knows what is in it.
    """
    try:
        contents = _open(platform, actor, pinned, None)
    except SiteForbidden:
        return None
    if with_facts:
        return _rows(platform, contents)
    return [RepositoryRow(entry, "") for entry in contents.files]


def read_commit(platform: Platform, pinned: Pinned) -> Commit:
    """Return the commit of the revision."""
    page = platform.history.list_commits(pinned.dataset.id, pinned.revision, None, 1, 1)
    return page.items[0]


def _resolved(platform: Platform, actor: Actor, dataset: Dataset, ref: Ref) -> Pinned:
    is_pinned = ref.revision is not None
    try:
        revision = platform.history.resolve(actor, dataset.id, ref)
    except NotFound:
        if ref.name != MAIN or dataset.default_branch == MAIN:
            raise
        revision = platform.history.resolve(actor, dataset.id, Ref(dataset.default_branch))
    return Pinned(dataset, revision, is_pinned)


def _parsed(path: str) -> FilePath:
    try:
        return FilePath(path.strip("/"))
    except Invalid as error:
        raise NotFound(error.message, code="file_not_found", details={"path": path}) from error


def _open(platform: Platform, actor: Actor, pinned: Pinned, path: FilePath | None) -> Contents:
    chosen = Chosen((path,) if path else ())
    ref = Ref(pinned.revision.sha)
    return open_contents(platform, actor, pinned.dataset.id, ref, chosen, with_bytes=False)


def _find(platform: Platform, actor: Actor, pinned: Pinned, path: str) -> Contents | None:
    try:
        return _open(platform, actor, pinned, _parsed(path))
    except NotFound:
        return None


def _named(files: Sequence[Entry], path: FilePath) -> Entry:
    return next((one for one in files if one.path == path), Entry(path, "directory"))


def _listed(files: Iterable[Entry], folder: FilePath | None, *, recursive: bool) -> Iterator[Entry]:
    """Yield what lies in `folder`, directly or at any depth, each folder before what it holds."""
    below = len(folder.text) + 1 if folder else 0
    told: set[str] = set()
    for entry in files:
        text = entry.path.text
        ends = [found.start() for found in re.finditer("/", text) if found.start() >= below]
        for end in ends if recursive else ends[:1]:
            if text[:end] not in told:
                told.add(text[:end])
                yield Entry(FilePath(text[:end]), "directory")
        if recursive or not ends:
            yield entry


def _rows(platform: Platform, contents: Contents) -> Sequence[RepositoryRow]:
    entries = with_sizes(platform, contents).files
    wanted = [entry.content.md5 for entry in entries if isinstance(entry.content, Pointer)]
    sha256s = platform.facts.find_sha256s(contents.dataset.id, wanted) if wanted else {}
    return [_row(entry, contents.revision, sha256s) for entry in entries]


def _row(entry: Entry, revision: Revision, sha256s: Mapping[Md5, str]) -> RepositoryRow:
    content = entry.content
    if entry.type == "directory":
        # no tree of git's: equal names of folders hold the same, others need not differ
        name = f"{revision.sha}:{entry.path}".encode()
        return RepositoryRow(entry, hashlib.sha1(name, usedforsecurity=False).hexdigest())
    if isinstance(content, Pointer):
        return RepositoryRow(entry, content.md5.hex, content.size_bytes, sha256s.get(content.md5))
    if isinstance(content, Text):
        return RepositoryRow(entry, content.blob, content.size_bytes)
    return RepositoryRow(entry, _NO_OBJECT)  # a broken pointer: listed, and fetching it says why


def _with_commits(
    platform: Platform, pinned: Pinned, rows: Sequence[RepositoryRow]
) -> Sequence[RepositoryRow]:
    paths = [row.entry.path for row in rows]
    commits = platform.history.last_changes(pinned.dataset.id, pinned.revision, paths)
    return [replace(row, commit=commits.get(row.entry.path)) for row in rows]
