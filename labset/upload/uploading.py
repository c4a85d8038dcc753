"""Upload files and folders: hash first, send what is missing, one commit at the end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from labset.errors import LabsetError, Misused, NotFound
from labset.local.file_locks import locked_if_free
from labset.local.hash_cache import HashCache
from labset.local.kept_folders import state_folder
from labset.manifest import open_manifest
from labset.transport.connection import Connection
from labset.transport.crew import Crew
from labset.transport.dataset_wire import DatasetWire
from labset.upload.hashing import hash_files
from labset.upload.large import LargeFiles
from labset.upload.planning import (
    SMALL_BYTES,
    Hashed,
    Plan,
    batches,
    compare,
    fingerprint,
    split,
    without_twins,
)
from labset.upload.session import Remembered, Session, begin, find_again
from labset.upload.small import SmallFiles
from labset.upload.sources import Found, Source, common_folder, find_files, is_windows_name
from labset.watch import Watch

_THREADS = 4
_BATCH_BYTES = 32 * 1024 * 1024
_ROUNDS = 3  # until nothing is missing at the site
_NO_FOLDER = {"file_not_found", "folder_not_found"}
_NAMED = 20  # skipped files that are told one by one


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload came to; `commit` holds it, the branch's tip at that moment.

    `commits` are those that were made: none where all was identical, several for over 20,000 files.
    `bytes` is the size of what is new or changed, `skipped` are local paths.
    """

    commit: str
    new: int
    changed: int
    identical: int
    bytes: int
    commits: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def upload(
    connection: Connection,
    dataset_id: int,
    sources: Sequence[Source],
    *,
    to: str = "",
    branch: str | None = None,
    message: str = "",
    repair: bool = False,
    watch: Watch | None = None,
) -> Uploaded:
    """Upload files and folders below the folder `to` of a dataset, as one commit on a branch.

    `repair` also announces what is identical, so that bytes that the site has lost are sent again.
    Raises:  Misused, naming paths that cannot be; Conflict with the code `changed`, naming a file that
             somebody writes to; what the server refuses. Then nothing was committed (of over 20,000
             files: the commits before were made), and the next attempt sends only what is missing.
    """
    told = watch or Watch()
    found = find_files(sources, to)
    _tell_odd(found, told)
    if not found.files:
        raise Misused("There is nothing to upload: no ordinary file was found.", "nothing_found")
    wire = DatasetWire(connection, dataset_id)
    try:
        with HashCache(state_folder() / "hashes.sqlite") as hashes, ThreadPoolExecutor(1) as aside:
            standing = aside.submit(_standing, wire, branch, common_folder(found.files))
            md5s = hash_files(found.files, hashes, told, partial(_check_failed, standing))
            tip, plan = _compared(found, md5s, standing)
        told.say(plan.sentence)
        words = [connection.server, str(dataset_id), branch or "", message]
        files = [*plan.new, *plan.changed, *(plan.same if repair else ())]
        commits = _Upload(wire, branch, message, words, told).run(files)
    finally:
        wire.close()
    return _uploaded(found, plan, tip, commits)


def _standing(wire: DatasetWire, branch: str | None, below: str) -> tuple[str, dict[str, str]]:
    """Return the tip of the branch and the md5 of each of its paths below a folder.

    A branch that is not there yet will begin at the default branch's tip.
    """
    ref = branch
    while True:
        try:
            with open_manifest(wire, ref, below) as manifest:
                return manifest.commit, {row.path: row.md5 for row in manifest.rows}
        except NotFound as problem:
            if problem.code == "ref_not_found" and ref is not None:
                ref = None
            elif problem.code == "ref_not_found":
                return "", {}
            elif problem.code in _NO_FOLDER:
                return str(problem.details.get("commit") or ""), {}
            else:
                raise


def _check_failed(standing: Future[tuple[str, dict[str, str]]]) -> None:
    """Raise what asking the server came to, if it failed: hashing on would be for nothing."""
    if standing.done():
        standing.result()


def _compared(
    found: Found, md5s: Sequence[str], standing: Future[tuple[str, dict[str, str]]]
) -> tuple[str, Plan]:
    tip, there = standing.result()
    files = [Hashed(one, md5) for one, md5 in zip(found.files, md5s, strict=True)]
    return tip, compare(files, there)


def _uploaded(found: Found, plan: Plan, tip: str, commits: Sequence[str]) -> Uploaded:
    return Uploaded(
        commit=commits[-1] if commits else tip,
        new=len(plan.new),
        changed=len(plan.changed),
        identical=len(plan.same),
        bytes=sum(one.file.size for one in (*plan.new, *plan.changed)),
        commits=tuple(commits),
        skipped=tuple(local for local, _ in found.skipped),
    )


def _tell_odd(found: Found, watch: Watch) -> None:
    """Say what is skipped, and what Windows could not hold."""
    for local, why in found.skipped[:_NAMED]:
        watch.say(f"Skipped: {local} {why}.")
    if len(found.skipped) > _NAMED:
        watch.say(f"Skipped: {len(found.skipped) - _NAMED:,} more.")
    odd = [one.path for one in found.files if not is_windows_name(one.path)]
    for path in odd[:_NAMED]:
        watch.say(f"Warning: Windows cannot hold the name {path}.")
    if len(odd) > _NAMED:
        watch.say(f"Warning: nor {len(odd) - _NAMED:,} more names.")


class _Upload:
    """Sends files in as many commits as it takes."""

    def __init__(
        self,
        wire: DatasetWire,
        branch: str | None,
        message: str,
        words: Sequence[str],
        watch: Watch,
    ) -> None:
        self._wire = wire
        self._branch = branch
        self._message = message
        self._words = words
        self._watch = watch

    def run(self, files: Sequence[Hashed]) -> list[str]:
        """Return the commits."""
        groups = split(files)
        if len(groups) > 1:
            self._watch.say(
                f"{len(files):,} files are too many for one commit: there will be {len(groups)}."
            )
        commits = []
        for number, group in enumerate(groups, 1):
            part = f" ({number} of {len(groups)})" if len(groups) > 1 else ""
            self._watch.begin("Uploading" + part, len(group), sum(one.file.size for one in group))
            commits.append(self._send_group(group, part))
            self._watch.end()
        return commits

    def _send_group(self, group: Sequence[Hashed], part: str) -> str:
        name = fingerprint(self._words, group)
        kept = Remembered(state_folder() / "uploads", name)
        with locked_if_free(kept.lock_path) as is_mine:
            session = self._open_session(kept if is_mine else None, group, part)
            commit = session.commit_id or self._finish(session, group)
            if is_mine:
                kept.forget()
        return commit

    def _open_session(self, kept: Remembered | None, group: Sequence[Hashed], part: str) -> Session:
        known = kept.find() if kept else None
        session = find_again(self._wire, known) if known else None
        if session is not None:
            self._watch.say("An upload of these files was begun before: going on with it.")
            return session
        count = len(group)
        message = self._message or f"Upload {count:,} file" + "s" * (count != 1)
        session = begin(self._wire, self._branch, message + part, group)
        if kept:
            kept.keep(session.id)
        return session

    def _finish(self, session: Session, group: Sequence[Hashed]) -> str:
        missing = [one for one in group if one.file.path in session.missing]
        there = len(group) - len(missing)
        size = sum(one.file.size for one in group) - sum(one.file.size for one in missing)
        self._watch.advance(there, size)
        for _ in range(_ROUNDS):
            self._send(session, missing)
            commit = session.commit()
            if commit:
                return commit
            session.missing = session.look()
            missing = [one for one in group if one.file.path in session.missing]
        raise LabsetError(
            "The storage site does not keep what it took: ask whoever runs it.", "incomplete"
        )

    def _send(self, session: Session, missing: Sequence[Hashed]) -> None:
        """Send bytes, large files first; equal ones on the site are sent once."""
        crew = Crew(_THREADS)
        once = without_twins(missing)
        twins = len(missing) - len(once)
        size = sum(one.file.size for one in missing) - sum(one.file.size for one in once)
        small = [one for one in once if one.file.size < SMALL_BYTES]
        large = sorted(
            (one for one in once if one.file.size >= SMALL_BYTES), key=lambda one: -one.file.size
        )
        of_small = SmallFiles(session, self._watch, crew)
        of_large = LargeFiles(session, [one.file.path for one in large], self._watch, crew)
        groups = batches(small, at_least=_THREADS, batch_bytes=_BATCH_BYTES)
        tasks = [lambda one=one: of_large.send(one) for one in large]
        tasks += [lambda group=group: of_small.send(group) for group in groups]
        crew.run(lambda task: task(), tasks)
        self._watch.advance(twins, size)
