"""Bare copies of GitLab's repositories on our own disk: fetched, kept whole, made anew if damaged.

What was public once stays reachable here for ever, under `refs/kept/<commit>`, whatever is pushed or
deleted at GitLab afterwards.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pygit2

from core.errors import Unavailable
from core.model.access import ANONYMOUS, Actor
from core.model.names import DatasetId
from gitlab_bridge.locks import locked
from gitlab_bridge.program import Failure, Outcome, run_git
from gitlab_bridge.revisions import all_refs, commit_of, public_tips

LOCAL_SECONDS = 60.0
TIDY_SECONDS = 600.0
_OPEN_AT_ONCE = 32
_KEPT = "refs/kept/"
_log = logging.getLogger(__name__)

_SEARCHED = (  # libgit2 reads no configuration of this machine either
    pygit2.enums.ConfigLevel.SYSTEM,
    pygit2.enums.ConfigLevel.GLOBAL,
    pygit2.enums.ConfigLevel.XDG,
)
_PUBLIC = ("refs/heads/", "refs/tags/")
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--atomic")
_PACKS_BEFORE_REPACK = 40
_STALE_INCOMING_SECONDS = 3600.0

for _level in _SEARCHED:
    pygit2.settings.search_path[_level] = ""
pygit2.settings.cache_object_limit(pygit2.enums.ObjectType.TREE, 8 * 1024 * 1024)
pygit2.settings.mwindow_file_limit = 256  # open packs of a process
pygit2.settings.cache_max_size(64 * 1024 * 1024)  # for all open copies of a process together


class Missing(Exception):
    """There is no copy yet, or it was taken away for repair."""


class _OpenHere(threading.local):
    """Repositories opened by this thread; pygit2's objects are not shared between threads."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.repositories: OrderedDict[str, pygit2.Repository] = OrderedDict()


class Mirror:
    """The copy of one repository at `<root>/<dataset id>.git`."""

    _open_here = _OpenHere()

    def __init__(self, root: Path, dataset_id: DatasetId) -> None:
        self.root = root
        self.path = root / f"{dataset_id}.git"
        self._key = str(self.path)
        self._damage_mark = self.path / "damaged"
        self._move_mark = str(root / f"{dataset_id}.moved")
        self._stall_mark = root / f"{dataset_id}.stalled"
        self._lock = root / f"{dataset_id}.lock"
        self._dataset_id = dataset_id

    # -- reading

    def repository(self) -> pygit2.Repository:
        """Return this thread's open repository.

        Raises:  Missing.
        """
        here = self._open_here
        if here.pid != os.getpid():
            here.pid = os.getpid()
            here.repositories.clear()
        found = here.repositories.get(self._key)
        if found is None:
            found = here.repositories[self._key] = self._open()
            while len(here.repositories) > _OPEN_AT_ONCE:
                here.repositories.popitem(last=False)
        return found

    def reopen(self) -> pygit2.Repository:
        """Return the repository opened anew, as it lies on disk now."""
        self._open_here.repositories.pop(self._key, None)
        return self.repository()

    def public_refs(self) -> dict[str, str]:
        """Return branches and tags (full names) with the objects they name (40 hex)."""
        return {
            name: oid for name, oid in all_refs(self.reopen()).items() if name.startswith(_PUBLIC)
        }

    def stamp(self) -> int:
        """Return a number that changes when somebody knows that the branches have moved."""
        try:
            return os.stat(self._move_mark).st_mtime_ns  # noqa: PTH116 - on every request's path
        except FileNotFoundError:
            return 0

    # -- changing

    def lock(self, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the one right to change this copy, against all threads and processes."""
        return locked(self._lock, timeout_seconds=timeout_seconds)

    def branch_lock(self, branch: str, timeout_seconds: float) -> AbstractContextManager[None]:
        """Hold the one right of this installation to push to `branch`, in turn."""
        name = f"{self._dataset_id}.push-{branch.encode().hex()[:160]}.lock"
        return locked(self.root / name, timeout_seconds=timeout_seconds)

    def note_move(self) -> None:
        """Tell all processes that the branches have moved: what they know is out of date."""
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._move_mark, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
        now = max(self.stamp() + 1, time.time_ns())
        os.utime(self._move_mark, ns=(now, now))

    def note_stall(self) -> None:
        """Tell whoever waits to push, in all processes, that GitLab does not answer."""
        self._stall_mark.touch()

    def stalled_since(self, moment: float) -> bool:
        """Whether a push has stalled after `moment` (seconds since 1970)."""
        try:
            return self._stall_mark.stat().st_mtime > moment
        except FileNotFoundError:
            return False

    def mark_damaged(self) -> None:
        """Let the next fetch make the copy anew."""
        with suppress(FileNotFoundError):
            self._damage_mark.touch()

    @property
    def needs_rebuild(self) -> bool:
        """Whether there is no copy, or a damaged one."""
        return not (self.path / "HEAD").exists() or self._damage_mark.exists()

    def fetch(self, url: str, actor: Actor, wanted: dict[str, str], seconds: float) -> Outcome:
        """Bring branches and tags up to date; the lock is held by the caller.

        `wanted` is what GitLab advertised (full names): what is no longer there is kept, then removed
        first, since `a` may have become `a/b`.
        """
        repository = self.reopen()
        before = {n: o for n, o in all_refs(repository).items() if n.startswith(_PUBLIC)}
        moved = {name: oid for name, oid in before.items() if wanted.get(name) != oid}
        kept = self._keep(repository, moved.values())
        for name in before.keys() - wanted.keys():
            repository.references.delete(name)
        outcome = run_git(
            [*_FETCH, "--prune", url, *_REFSPECS],
            folder=self.path,
            actor=actor,
            timeout_seconds=seconds,
        )
        if outcome.failure is Failure.NONE:
            self._drop_reachable(kept)
            self.tidy_if_needed()
        return outcome

    def rebuild(self, url: str, actor: Actor, seconds: float) -> Outcome:
        """Make the copy anew beside the old one, take over what was kept, and swap them."""
        self._sweep()
        fresh = self.root / f"{self._dataset_id}.git.new-{secrets.token_hex(4)}"
        try:
            pygit2.init_repository(str(fresh), bare=True)
            outcome = run_git(
                [*_FETCH, url, *_REFSPECS], folder=fresh, actor=actor, timeout_seconds=seconds
            )
            if outcome.failure is Failure.NONE:
                self._rescue_kept(fresh)
                self._swap_in(fresh)
            return outcome
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """Lend a folder for objects that are not part of the copy yet; it is gone afterwards."""
        folder = self.path / "incoming" / secrets.token_hex(8)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def adopt(self, incoming: Path, stem: str) -> None:
        """Make the pack `stem` of an incoming folder part of the copy."""
        target = self.path / "objects" / "pack"
        target.mkdir(exist_ok=True)
        for suffix in (".pack", ".idx"):  # the index names the pack: it comes last
            (incoming / "pack" / f"{stem}{suffix}").rename(target / f"{stem}{suffix}")

    def advance(self, branch: str, old: str | None, new: str) -> None:
        """Move a branch of the copy from `old` to `new`; left alone if a fetch has already moved it."""
        repository = self.reopen()
        name = f"refs/heads/{branch}"
        try:
            if old is None:
                repository.references.create(name, new)
            elif str(repository.references[name].target) == old:
                repository.references.create(name, new, force=True)
        except (KeyError, ValueError, pygit2.GitError):
            self.note_move()  # the next look fetches it

    def _open(self) -> pygit2.Repository:
        try:
            return pygit2.Repository(
                self._key,
                pygit2.enums.RepositoryOpenFlag.BARE | pygit2.enums.RepositoryOpenFlag.NO_SEARCH,
            )
        except (pygit2.GitError, KeyError) as error:
            raise Missing from error

    def _keep(self, repository: pygit2.Repository, tips: Iterable[str]) -> list[str]:
        kept = []
        for tip in set(tips):
            commit = commit_of(repository, tip)
            name = f"{_KEPT}{commit}"
            if commit is not None and repository.references.get(name) is None:
                repository.references.create(name, commit)
                kept.append(commit)
        return kept

    def _drop_reachable(self, kept: list[str]) -> None:
        """Drop what was kept for this fetch but is still part of a public history."""
        repository = self.reopen()
        tips = [
            tip
            for name, oid in all_refs(repository).items()
            if name.startswith(_PUBLIC) and (tip := commit_of(repository, oid)) is not None
        ]
        for commit in kept:
            if commit in tips or any(repository.descendant_of(tip, commit) for tip in tips):
                repository.references.delete(f"{_KEPT}{commit}")

    def _rescue_kept(self, fresh: Path) -> None:
        """Take over from the damaged copy what GitLab no longer has, as far as it can be read."""
        if not self.path.is_dir():
            return
        try:
            pygit2.init_repository(self._key, bare=True)  # puts back what is missing of its frame
            tips = public_tips(self.reopen())
        except (Missing, pygit2.GitError):
            return
        lost = sorted(tips - public_tips(pygit2.Repository(str(fresh))))
        if lost and self._rescue(fresh, lost).failure is not Failure.NONE:
            for tip in lost:
                self._rescue(fresh, [tip])

    def _rescue(self, fresh: Path, tips: list[str]) -> Outcome:
        return run_git(
            [*_FETCH, str(self.path), *(f"+{tip}:{_KEPT}{tip}" for tip in tips)],
            folder=fresh,
            actor=ANONYMOUS,
            timeout_seconds=LOCAL_SECONDS,
            config={"protocol.file.allow": "always", "uploadpack.allowAnySHA1InWant": "true"},
        )

    def _swap_in(self, fresh: Path) -> None:
        old = self.root / f"{self._dataset_id}.git.old-{secrets.token_hex(4)}"
        with suppress(FileNotFoundError):
            self.path.rename(old)
        fresh.rename(self.path)
        self._open_here.repositories.pop(self._key, None)
        shutil.rmtree(old, ignore_errors=True)

    def tidy(self) -> None:
        """Make few packs of many, and take away what killed processes left behind."""
        try:
            with self.lock(LOCAL_SECONDS):
                for arguments in (["repack", "--geometric=2", "-d", "-q"], ["pack-refs", "--all"]):
                    run_git(
                        arguments, folder=self.path, actor=ANONYMOUS, timeout_seconds=TIDY_SECONDS
                    )
                self._sweep()
        except Unavailable:
            _log.info("The copy %s is busy; it is tidied another time", self.path.name)

    def tidy_if_needed(self) -> None:
        """Tidy in the background where many commits and fetches have left many packs."""
        folder = self.path / "objects" / "pack"
        packs = sum(entry.suffix == ".pack" for entry in folder.iterdir())
        if packs >= _PACKS_BEFORE_REPACK:
            threading.Thread(target=self.tidy, daemon=True, name="tidy").start()

    def _sweep(self) -> None:
        """Remove unfinished work of the dead; the lock is held, so nobody rebuilds now."""
        limit = time.time() - _STALE_INCOMING_SECONDS
        old = [f for f in (self.path / "incoming").glob("*") if f.stat().st_mtime < limit]
        for folder in [*old, *self.root.glob(f"{self.path.name}.*")]:
            shutil.rmtree(folder, ignore_errors=True)


class Mirrors:
    """All copies below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._mirrors: dict[int, Mirror] = {}

    def of(self, dataset_id: DatasetId) -> Mirror:
        """Return the copy of a dataset, which may not exist yet."""
        found = self._mirrors.get(dataset_id.number)
        if found is None:
            found = self._mirrors[dataset_id.number] = Mirror(self._root, dataset_id)
        return found
