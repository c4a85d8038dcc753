"""Reading from copies: opened anew after a repack, made anew when damaged, then answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import pygit2
from pygit2.enums import ObjectType

from core.errors import NotFound, Unavailable
from core.model.names import DatasetId, Revision
from gitlab_bridge.mirrors import Mirrors, Missing
from gitlab_bridge.refs import RefTables

REPAIR_AGAIN_SECONDS = 30.0
_DAMAGE = (Missing, pygit2.GitError, KeyError)

ResultT = TypeVar("ResultT")

_log = logging.getLogger(__name__)


class Copies:
    """Runs what reads a copy, and heals the copy where that fails."""

    def __init__(self, mirrors: Mirrors, tables: RefTables) -> None:
        self._mirrors = mirrors
        self._tables = tables
        self._repaired_at: dict[int, float] = {}

    def read(
        self, dataset_id: DatasetId, action: Callable[[pygit2.Repository], ResultT]
    ) -> ResultT:
        """Return what `action` reads from the open repository; it may be run up to three times.

        Raises:  Unavailable, if the copy stays unreadable.
        """
        mirror = self._mirrors.of(dataset_id)
        try:
            return action(mirror.repository())
        except _DAMAGE:
            pass  # a repack or a repair by another process takes files away: look again
        try:
            return action(mirror.reopen())
        except _DAMAGE as error:
            _log.warning("The copy %s cannot be read: %r", mirror.path.name, error)
        self._repair(dataset_id)
        try:
            return action(mirror.reopen())
        except _DAMAGE as error:
            raise Unavailable("This history cannot be read; the log says why.") from error

    def _repair(self, dataset_id: DatasetId) -> None:
        now = time.monotonic()
        last = self._repaired_at.get(dataset_id.number, float("-inf"))
        if now - last < REPAIR_AGAIN_SECONDS:
            raise Unavailable("This history cannot be read; try again in a minute.")
        self._repaired_at[dataset_id.number] = now
        self._tables.repair(dataset_id)


def tree_of(repository: pygit2.Repository, revision: Revision) -> pygit2.Tree:
    """Return the root folder of a revision.

    Raises:  NotFound, with code `ref_not_found`, if the copy has no such commit.
    """
    return commit_at(repository, revision).tree


def commit_at(repository: pygit2.Repository, revision: Revision) -> pygit2.Commit:
    """Return the commit of a revision.

    Raises:  NotFound, with code `ref_not_found`.
    """
    if revision.sha in repository:
        found = repository[revision.sha]
        if found.type == ObjectType.COMMIT:
            return found.peel(pygit2.Commit)
    raise NotFound(f"There is no commit {revision} in this dataset.", code="ref_not_found")
