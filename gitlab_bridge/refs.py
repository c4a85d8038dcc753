"""What branches and tags point to, never older than five seconds, with a copy that holds it all."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace

import pygit2

from core.errors import Forbidden, LabsetError, NotFound, Unauthenticated, Unavailable
from core.model.access import ANONYMOUS, Actor
from core.model.names import DatasetId, Revision
from gitlab_bridge.advert import Advert, AdvertReader, Moved, parse_advert, sentence_of
from gitlab_bridge.freshness import Fresh
from gitlab_bridge.mirrors import Mirror, Mirrors, Missing
from gitlab_bridge.program import Failure, Outcome
from gitlab_bridge.recent import Recent
from gitlab_bridge.revisions import commit_of

Locate = Callable[[Actor, DatasetId], str]

WAIT_SECONDS = 11.0
COPY_SECONDS = 900.0
_GUARDS = 64

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RefTable:
    """Branches and tags with the commits that they name, all present in the copy.

    `tag_objects` are the objects (40 hex) that tags name directly: where such a one is no commit, it
    holds the tag's note. `digest` is that of the advertisement, `stamp` the copy's move mark before
    GitLab was asked.
    """

    heads: dict[str, Revision]
    tags: dict[str, Revision]
    tag_objects: dict[str, str]
    digest: bytes
    stamp: int


class RefTables:
    """Keeps one fresh RefTable for each dataset that is in use."""

    def __init__(self, mirrors: Mirrors, adverts: AdvertReader, locate: Locate) -> None:
        self._mirrors = mirrors
        self._adverts = adverts
        self._locate = locate
        self._fresh: Fresh[int, RefTable] = Fresh(self._load)
        self._askers: dict[int, Actor] = {}
        self._urls: dict[int, str] = {}
        self._latest: Recent[int, RefTable] = Recent(2_000)
        self._guards = [threading.Lock() for _ in range(_GUARDS)]
        self._copies: dict[int, Future[None]] = {}
        self._copies_guard = threading.Lock()

    def table(self, actor: Actor, dataset_id: DatasetId) -> RefTable:
        """Return what is known, if it is at most 5 s old and nobody has noted a move since."""
        number = dataset_id.number
        table = self._get(actor, number, self._fresh.get)
        mirror = self._mirrors.of(dataset_id)
        if mirror.stamp() == table.stamp:
            return table
        with self._guards[number % _GUARDS]:
            table = self._get(actor, number, self._fresh.get)
            if mirror.stamp() == table.stamp:
                return table
            return self._get(actor, number, self._fresh.load_now)

    def table_now(self, actor: Actor, dataset_id: DatasetId) -> RefTable:
        """Ask GitLab now."""
        return self._get(actor, dataset_id.number, self._fresh.load_now)

    def url(self, actor: Actor, dataset_id: DatasetId) -> str:
        """Return where the repository answered last, or should answer."""
        return self._urls.get(dataset_id.number) or self._find_url(actor, dataset_id)

    def repair(self, dataset_id: DatasetId) -> None:
        """Have a damaged copy made anew, with the credential of whoever asked last.

        Raises:  Unavailable, where nobody has asked since this process began.
        """
        self._mirrors.of(dataset_id).mark_damaged()
        actor = self._askers.get(dataset_id.number)
        if actor is None:
            raise Unavailable("The copy of this history is being repaired; try again in a moment.")
        self._latest.forget_where(lambda number: number == dataset_id.number)
        self.table_now(actor, dataset_id)

    def _get(self, actor: Actor, number: int, ask: Callable[[int], RefTable]) -> RefTable:
        """Ask in the name of `actor`; another one's refusal is not ours."""
        self._askers[number] = actor
        try:
            return ask(number)
        except (Unauthenticated, Forbidden, NotFound):
            self._askers[number] = actor
            return self._fresh.load_now(number)

    def _load(self, number: int) -> RefTable:
        dataset_id = DatasetId(number)
        actor = self._askers.get(number, ANONYMOUS)
        mirror = self._mirrors.of(dataset_id)
        stamp = mirror.stamp()
        body = self._ask(actor, dataset_id)
        digest = hashlib.sha256(body).digest()
        known = self._latest.find(number)
        if known is None or known.digest != digest or mirror.needs_rebuild:
            known = self._bring(mirror, actor, dataset_id, body)
        table = replace(known, stamp=stamp)
        self._latest.keep(number, table)
        return table

    def _ask(self, actor: Actor, dataset_id: DatasetId) -> bytes:
        url = self.url(actor, dataset_id)
        try:
            return self._adverts.read(url, actor)
        except Moved as moved:
            now = self._find_url(actor, dataset_id)
            if now == url:
                raise moved.refusal from moved
        try:
            return self._adverts.read(now, actor)
        except Moved as moved:
            raise moved.refusal from moved

    def _find_url(self, actor: Actor, dataset_id: DatasetId) -> str:
        url = self._urls[dataset_id.number] = self._locate(actor, dataset_id)
        return url

    def _bring(self, mirror: Mirror, actor: Actor, dataset_id: DatasetId, body: bytes) -> RefTable:
        """Fetch what the advertisement names and the copy lacks; wait for it a while.

        A large first copy goes on in the background when the caller's time is up.
        """
        advert = parse_advert(body)
        deadline = time.monotonic() + WAIT_SECONDS
        while not _holds(mirror, advert):
            copy, ours = self._copy(mirror, actor, dataset_id, advert)
            try:
                copy.result(deadline - time.monotonic())
            except FutureTimeout as error:
                raise Unavailable(
                    "The history is being copied from GitLab; try again in a moment.",
                    retry_after_seconds=10,
                ) from error
            except LabsetError:
                if ours:
                    raise
            if ours:
                break  # GitLab may have moved on meanwhile: what came is newer than the advert
        return _read_table(mirror, advert, body)

    def _copy(
        self, mirror: Mirror, actor: Actor, dataset_id: DatasetId, advert: Advert
    ) -> tuple[Future[None], bool]:
        """Start copying in the background, or join the copying under way (then False)."""
        url = self.url(actor, dataset_id)
        with self._copies_guard:
            running = self._copies.get(dataset_id.number)
            if running is not None and not running.done():
                return running, False
            copy: Future[None] = Future()
            self._copies[dataset_id.number] = copy
        threading.Thread(
            target=_copy_into, args=(copy, mirror, url, actor, advert), daemon=True, name="copy"
        ).start()
        return copy, True


def _copy_into(copy: Future[None], mirror: Mirror, url: str, actor: Actor, advert: Advert) -> None:
    try:
        _update(mirror, url, actor, advert)
    except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
        copy.set_exception(error)
    else:
        copy.set_result(None)


def _update(mirror: Mirror, url: str, actor: Actor, advert: Advert) -> None:
    mirror.root.mkdir(parents=True, exist_ok=True)
    with mirror.lock(COPY_SECONDS):
        if _holds(mirror, advert):  # another process was first
            return
        if not mirror.needs_rebuild:
            outcome = _fetch(mirror, url, actor, advert)
            if outcome.failure is not Failure.LOCAL:
                check_outcome(outcome, actor)
                return
            _log.warning("The copy %s is made anew: %s", mirror.path.name, outcome.stderr)
            mirror.mark_damaged()
        check_outcome(mirror.rebuild(url, actor, COPY_SECONDS), actor)


def _fetch(mirror: Mirror, url: str, actor: Actor, advert: Advert) -> Outcome:
    try:
        return mirror.fetch(url, actor, advert.refs, COPY_SECONDS)
    except (Missing, pygit2.GitError, KeyError, ValueError) as error:
        return Outcome(Failure.LOCAL, "", repr(error))


def check_outcome(outcome: Outcome, actor: Actor) -> None:
    """Raise what a failed fetch means for the caller."""
    if outcome.failure is Failure.NONE:
        return
    if outcome.failure is Failure.UNAUTHENTICATED and not actor.is_anonymous:
        raise Unauthenticated("GitLab refuses this token for git: sign in again.")
    if outcome.failure in {Failure.MISSING, Failure.UNAUTHENTICATED}:
        raise NotFound("There is no such dataset, or it is not for you.")
    if outcome.failure is Failure.REFUSED:
        raise Forbidden(sentence_of(outcome.remarks))
    if outcome.failure is Failure.LOCAL:
        _log.error("git failed: %s", outcome.stderr)
        raise Unavailable("The history cannot be copied from GitLab; the log says why.")
    raise Unavailable("GitLab does not answer to git; try again in a moment.")


def _holds(mirror: Mirror, advert: Advert) -> bool:
    """Whether the copy has just what GitLab advertises."""
    if mirror.needs_rebuild:
        return False
    try:
        refs = mirror.public_refs()
        repository = mirror.repository()
        return refs == advert.refs and all(oid in repository for oid in set(refs.values()))
    except (Missing, pygit2.GitError):
        return False


def _read_table(mirror: Mirror, advert: Advert, body: bytes) -> RefTable:
    """Build the table from the copy; the advertisement is only remembered if it says the same."""
    refs = mirror.public_refs()
    repository = mirror.repository()
    commits = {oid: commit_of(repository, oid) for oid in set(refs.values())}
    named = {name: Revision(commit) for name, oid in refs.items() if (commit := commits[oid])}
    heads = {
        n.removeprefix("refs/heads/"): r for n, r in named.items() if n.startswith("refs/heads/")
    }
    tags = {n.removeprefix("refs/tags/"): r for n, r in named.items() if n.startswith("refs/tags/")}
    objects = {name: refs[f"refs/tags/{name}"] for name in tags}
    digest = hashlib.sha256(body).digest() if refs == advert.refs else b""
    return RefTable(heads, tags, objects, digest, 0)
