"""Revisions of datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from core.model.access import Actor
from core.model.content import Entry, EntryChange, Statistics, Text
from core.model.dataset import Page
from core.model.history import Commit, CommitOrder, Committed, Refs
from core.model.names import DatasetId, FilePath, Ref, Revision


class History(Protocol):
    """Revisions of datasets, read from mirrors and extended by commits."""

    def list_refs(self, actor: Actor, dataset_id: DatasetId) -> Refs:
        """Return branches and tags, at most 5 seconds old."""

    def resolve(
        self, actor: Actor, dataset_id: DatasetId, ref: Ref, *, fresh: bool = False
    ) -> Revision:
        """Return the commit that `ref` names: branch, then tag, then full or short commit id (≥ 7).

        Only commits that a branch or tag reaches, or that Labset kept, have names.
        Raises:  NotFound, with code `ref_not_found` (also in an empty repository).
        """

    def forget(self, dataset_id: DatasetId) -> None:
        """Ask GitLab anew at the next look, in all processes: branches or tags have moved."""

    def list_entries(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> Sequence[Entry]:
        """Return what lies directly in the folder (None: the root), folders first, by name.

        `.dvc` files appear as what they stand for; `.gitignore`, `.dvc/` and `.dvcignore` not at all.
        Raises:  NotFound, if there is no such folder.
        """

    def walk_entries(
        self, dataset_id: DatasetId, revision: Revision, directory: FilePath | None
    ) -> Sequence[Entry]:
        """Return all files (and packed folders) below the folder, by path."""

    def find_entry(self, dataset_id: DatasetId, revision: Revision, path: FilePath) -> Entry | None:
        """Return what lies at `path`; for a path inside a packed folder, that folder's entry."""

    def read_text(self, dataset_id: DatasetId, text: Text) -> bytes:
        """Return the bytes of a small text of git."""

    def statistics(self, dataset_id: DatasetId, revision: Revision) -> Statistics:
        """Count files and bytes of a revision (kept in memory per revision)."""

    def list_commits(
        self,
        dataset_id: DatasetId,
        revision: Revision,
        path: FilePath | None,
        page: int,
        per_page: int,
    ) -> Page[Commit]:
        """Return the history from `revision` backwards, newest first, of one path if given."""

    def last_changes(
        self, dataset_id: DatasetId, revision: Revision, paths: Sequence[FilePath]
    ) -> Mapping[FilePath, Commit]:
        """Return the newest commit that changed each path; looks back over a bounded history."""

    def list_changes(
        self, dataset_id: DatasetId, old: Revision | None, new: Revision
    ) -> Sequence[EntryChange]:
        """Return all files and packed folders that differ, by path.

        `old` None stands for a revision without files.
        """

    def walk_blobs(
        self, dataset_id: DatasetId, revision: Revision
    ) -> Iterator[tuple[str, int, bytes]]:
        """Yield (path, git mode, bytes) of git's own tree, pointers as the files they are."""

    def commit(self, actor: Actor, dataset_id: DatasetId, order: CommitOrder) -> Committed:
        """Make one commit and push it with the caller's token: one or none.

        Adds and replaces pointers (`.dvc` and `.gitignore` as `dvc add` leaves them) and texts,
        deletes files and folders. The branch is created where it does not exist. If it moved, the
        commit is rebuilt on the new tip; an order whose key is already in the history is answered
        with that commit. An order that changes nothing makes a commit of its own only for the binding.
        Raises:  Conflict with details path and commit, if another commit changed one of our paths
                 since `base`, or a file stands where a folder is needed; Forbidden, if GitLab
                 refuses the push.
        """
