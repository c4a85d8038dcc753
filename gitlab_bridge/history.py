"""Revisions of datasets: read from bare copies that are kept fresh, extended by pushed commits.

Who may see a dataset is decided before these calls; they do not ask again. A text change on a path
that is a pointer at the tip is refused (DESIGN decision 10: never back into git): look at
`find_entry` first and store the bytes on the site.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from core.errors import NotFound, TooLarge
from core.model.access import Actor
from core.model.content import Entry, EntryChange, Statistics, Text
from core.model.dataset import Page
from core.model.history import Branch, Commit, CommitOrder, Committed, Refs, Tag
from core.model.names import DatasetId, FilePath, Ref, Revision
from core.ports import Clock
from gitlab_bridge.advert import AdvertReader
from gitlab_bridge.commitlog import (
    MAX_TOLD_MESSAGE_BYTES,
    as_commit,
    commits_of_path,
    last_changes,
    moment,
    told,
)
from gitlab_bridge.commits import Committer
from gitlab_bridge.comparing import compare_trees
from gitlab_bridge.copies import Copies, commit_at, tree_of
from gitlab_bridge.folders import FolderLists
from gitlab_bridge.mirrors import Mirrors
from gitlab_bridge.recent import Recent
from gitlab_bridge.refs import Locate, RefTable, RefTables
from gitlab_bridge.revisions import SHORTEST, find_shortened, is_public
from gitlab_bridge.statistics import TreeCounter
from gitlab_bridge.trees import PointerTexts, TreeReader, folder_at, walk_git

MAX_BLOB_BYTES = 50 * 1024 * 1024  # twice in memory while it is read
_SHORT_SHA = re.compile(rf"[0-9a-f]{{{SHORTEST},40}}")
_FULL_SHA_DIGITS = 40
_KEPT_POINTERS = 250_000  # some 50 MB; fewer than a folder has would be as good as none

Protected = Callable[[Actor, DatasetId], Collection[str]]
_EntryKey = tuple[int, str, str]


class GitHistory:
    """The port `History` over GitLab's git.

    `locate` returns the HTTP URL of a dataset's repository (`….git`) as the caller may see it; it is
    asked again when the repository is no longer there. `protected_branches` tells names of branches
    that GitLab protects.
    """

    def __init__(
        self,
        mirrors_root: Path,
        clock: Clock,
        *,
        locate: Locate,
        protected_branches: Protected | None = None,
    ) -> None:
        mirrors = Mirrors(mirrors_root)
        self._mirrors = mirrors
        self._tables = RefTables(mirrors, AdvertReader(), locate)
        self._copies = Copies(mirrors, self._tables)
        self._committer = Committer(mirrors, self._tables, self._copies, clock)
        self._protected = protected_branches
        self._pointers: PointerTexts = Recent(_KEPT_POINTERS)
        self._public: Recent[tuple[int, str], bool] = Recent(100_000)
        self._entries: Recent[_EntryKey, Entry | None] = Recent(50_000)
        self._folders = FolderLists()
        self._walks: Recent[_EntryKey, tuple[Entry, ...]] = Recent(300_000, len)
        self._counter = TreeCounter(self._pointers)
        self._logs: Recent[_EntryKey, tuple[str, ...]] = Recent(200_000, len)

    # -- names

    def list_refs(self, actor: Actor, dataset_id: DatasetId) -> Refs:
        """Return branches and tags by name."""
        table = self._tables.table(actor, dataset_id)
        protected = self._protected(actor, dataset_id) if self._protected else ()
        branches = tuple(
            Branch(name, revision, protected=name in protected)
            for name, revision in sorted(table.heads.items())
        )
        tags = self._copies.read(dataset_id, lambda opened: _read_tags(opened, table))
        return Refs(branches, tags)

    def resolve(
        self, actor: Actor, dataset_id: DatasetId, ref: Ref, *, fresh: bool = False
    ) -> Revision:
        """Return the commit that `ref` names.

        A full commit id means that commit and nothing else where there is one, so that a pinned
        link cannot be turned elsewhere by a branch of that name. `refs/heads/…` and `refs/tags/…`
        choose between a branch and a tag of one name.
        """
        pinned = ref.revision
        if pinned is not None and self._is_public(dataset_id, pinned):
            return pinned
        look = self._tables.table_now if fresh else self._tables.table
        found = self._named(look(actor, dataset_id), dataset_id, ref)
        if found is None and not fresh:  # it may be younger than what is known
            found = self._named(self._tables.table_now(actor, dataset_id), dataset_id, ref)
        if found is None:
            raise NotFound(
                f"There is no branch, tag or commit {ref} in this dataset.",
                code="ref_not_found",
                details={"ref": ref.name},
            )
        return found

    def forget(self, dataset_id: DatasetId) -> None:
        """Ask GitLab anew at the next look, in all processes: branches or tags have moved."""
        self._mirrors.of(dataset_id).note_move()

    # -- files

    def list_entries(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> Sequence[Entry]:
        """Return what lies directly in the folder, folders first, by name."""

        def read(opened: pygit2.Repository) -> tuple[Entry, ...]:
            tree = _folder(opened, revision, directory)
            return self._folders.list_folder(
                TreeReader(opened, self._pointers), dataset_id, tree, _prefix(directory)
            )

        return self._copies.read(dataset_id, read)

    def walk_entries(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> Sequence[Entry]:
        """Return all files (and packed folders) below the folder, by path."""
        key = (dataset_id.number, revision.sha, directory.text if directory else "")
        return self._walks.get(key, lambda: self._walk(dataset_id, revision, directory))

    def find_entry(self, dataset_id: DatasetId, revision: Revision, path: FilePath) -> Entry | None:
        """Return what lies at `path`; for a path inside a packed folder, that folder's entry."""
        key = (dataset_id.number, revision.sha, path.text)
        return self._entries.get(key, lambda: self._find(dataset_id, revision, path))

    def read_text(self, dataset_id: DatasetId, text: Text) -> bytes:
        """Return the bytes of a text of git. Raises: TooLarge, over MAX_BLOB_BYTES."""
        return self._copies.read(dataset_id, lambda opened: _read_blob(opened, text.blob))

    def statistics(self, dataset_id: DatasetId, revision: Revision) -> Statistics:
        """Count files and bytes of a revision; unchanged folders are counted once for ever."""
        return self._copies.read(
            dataset_id, lambda opened: self._counter.count(opened, tree_of(opened, revision))
        )

    def list_changes(
        self, dataset_id: DatasetId, old: Revision | None, new: Revision
    ) -> Sequence[EntryChange]:
        """Return all files and packed folders that differ, by path."""

        def read(opened: pygit2.Repository) -> list[EntryChange]:
            before = tree_of(opened, old) if old else None
            return compare_trees(TreeReader(opened, self._pointers), before, tree_of(opened, new))

        return self._copies.read(dataset_id, read)

    def walk_blobs(
        self, dataset_id: DatasetId, revision: Revision
    ) -> Iterator[tuple[str, int, bytes]]:
        """Yield (path, git mode, bytes) of git's own tree; a submodule has no bytes."""
        items = self._copies.read(
            dataset_id, lambda opened: list(walk_git(tree_of(opened, revision)))
        )
        for path, mode, oid in items:
            data = b"" if mode == FileMode.COMMIT else self._blob(dataset_id, oid)
            yield path, mode, data

    # -- commits

    def list_commits(
        self,
        dataset_id: DatasetId,
        revision: Revision,
        path: FilePath | None,
        page: int,
        per_page: int,
    ) -> Page[Commit]:
        """Return the history from `revision` backwards, newest first, of one path if given."""
        key = (dataset_id.number, revision.sha, path.text if path else "")
        found = self._logs.get(key, lambda: self._log(dataset_id, revision, path))
        shown = found[(page - 1) * per_page : page * per_page]
        commits = self._copies.read(
            dataset_id,
            lambda opened: tuple(as_commit(commit_at(opened, Revision(sha))) for sha in shown),
        )
        return Page(commits, page, per_page, len(found), has_next=page * per_page < len(found))

    def last_changes(
        self, dataset_id: DatasetId, revision: Revision, paths: Sequence[FilePath]
    ) -> Mapping[FilePath, Commit]:
        """Return the newest commit that changed each path, as far as a short look back finds it."""
        return self._copies.read(
            dataset_id,
            lambda opened: last_changes(opened, str(commit_at(opened, revision).id), paths),
        )

    def commit(self, actor: Actor, dataset_id: DatasetId, order: CommitOrder) -> Committed:
        """Make one commit and push it with the caller's token: one or none (`commits.py`)."""
        return self._committer.commit(actor, dataset_id, order)

    # -- behind them

    def _named(self, table: RefTable, dataset_id: DatasetId, ref: Ref) -> Revision | None:
        name = ref.name
        found = table.heads.get(name) or table.tags.get(name)
        if found is None and name.startswith("refs/heads/"):
            found = table.heads.get(name.removeprefix("refs/heads/"))
        if found is None and name.startswith("refs/tags/"):
            found = table.tags.get(name.removeprefix("refs/tags/"))
        if found is not None or not _SHORT_SHA.fullmatch(name):
            return found
        if len(name) == _FULL_SHA_DIGITS:
            pinned = Revision(name)
            return pinned if self._is_public(dataset_id, pinned) else None
        sha = self._copies.read(dataset_id, lambda opened: find_shortened(opened, name))
        return Revision(sha) if sha else None

    def _is_public(self, dataset_id: DatasetId, revision: Revision) -> bool:
        key = (dataset_id.number, revision.sha)
        if self._public.find(key):
            return True
        if self._mirrors.of(dataset_id).needs_rebuild:
            return False
        found = self._copies.read(dataset_id, lambda opened: is_public(opened, revision.sha))
        if found:
            self._public.keep(key, found)
        return found

    def _walk(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> tuple[Entry, ...]:
        def read(opened: pygit2.Repository) -> tuple[Entry, ...]:
            tree = _folder(opened, revision, directory)
            reader = TreeReader(opened, self._pointers)
            return tuple(self._folders.walk(reader, dataset_id, tree, _prefix(directory)))

        return self._copies.read(dataset_id, read)

    def _find(self, dataset_id: DatasetId, revision: Revision, path: FilePath) -> Entry | None:
        return self._copies.read(
            dataset_id,
            lambda opened: TreeReader(opened, self._pointers).find(tree_of(opened, revision), path),
        )

    def _log(
        self, dataset_id: DatasetId, revision: Revision, path: FilePath | None
    ) -> tuple[str, ...]:
        return self._copies.read(
            dataset_id,
            lambda opened: tuple(
                commits_of_path(opened, str(commit_at(opened, revision).id), path)
            ),
        )

    def _blob(self, dataset_id: DatasetId, oid: str) -> bytes:
        return self._copies.read(dataset_id, lambda opened: _read_blob(opened, oid))


def _prefix(directory: FilePath | None) -> str:
    return f"{directory.text}/" if directory else ""


def _folder(
    opened: pygit2.Repository, revision: Revision, directory: FilePath | None
) -> pygit2.Tree:
    tree = folder_at(tree_of(opened, revision), directory)
    if tree is None:
        raise NotFound(f"There is no folder {directory} in this revision.", code="file_not_found")
    return tree


def _read_blob(opened: pygit2.Repository, oid: str) -> bytes:
    size_bytes = opened.odb.read_header(oid)[1]
    if size_bytes > MAX_BLOB_BYTES:
        raise TooLarge(
            f"This file lies in git with {size_bytes:,} bytes, too many to be read whole: "
            "add it with dvc, or fetch it with git."
        )
    return opened.odb.read(oid)[1]


def _read_tags(opened: pygit2.Repository, table: RefTable) -> tuple[Tag, ...]:
    return tuple(
        _read_tag(opened, name, revision, table.tag_objects[name])
        for name, revision in sorted(table.tags.items())
    )


def _read_tag(opened: pygit2.Repository, name: str, revision: Revision, oid: str) -> Tag:
    found = opened[oid]
    if not isinstance(found, pygit2.Tag):
        return Tag(name, revision)
    tagger: pygit2.Signature | None = found.tagger  # an old tag may have none
    made_at = moment(tagger.time) if tagger else None
    note = told(found.raw_message or b"", MAX_TOLD_MESSAGE_BYTES)
    return Tag(name, revision, note.strip(), made_at)
