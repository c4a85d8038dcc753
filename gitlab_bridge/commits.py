"""One order, one commit or none: pushed as compare-and-swap, and looked for by its key.

A try whose outcome is not known can still arrive at GitLab later, but only on the tip that it was
made for: either that tip is still there, and our next try carries the same condition, so that one of
the two wins; or the branch has moved on, and it never will.
"""

from __future__ import annotations

import logging
import random
import re
import time
from contextlib import suppress

from core.errors import Forbidden, Invalid, LabsetError, NotFound, Unauthenticated, Unavailable
from core.model.access import Actor
from core.model.history import CommitOrder, Committed
from core.model.names import DatasetId, Revision
from core.ports import Clock
from gitlab_bridge.advert import sentence_of
from gitlab_bridge.copies import Copies
from gitlab_bridge.drafts import Draft, find_done, make_draft
from gitlab_bridge.mirrors import Mirror, Mirrors
from gitlab_bridge.packs import NewObjects
from gitlab_bridge.program import Failure, Outcome, run_git
from gitlab_bridge.refs import RefTables

QUEUE_SECONDS = 50.0
TRIES = 20
PUSH_SECONDS = 9.0
_PATIENCE_SECONDS = 4.0
_PAUSE_SECONDS = 0.05
_BYTES_A_SECOND = 1_000_000
_QUOTA = re.compile(r"quota|size limit|exceed|above the limit", re.IGNORECASE)
_PAUSED = re.compile(r"read-only|maintenance|temporarily", re.IGNORECASE)

_log = logging.getLogger(__name__)


class Committer:
    """Makes commits on the copies and pushes them with the caller's token."""

    def __init__(self, mirrors: Mirrors, tables: RefTables, copies: Copies, clock: Clock) -> None:
        self._mirrors = mirrors
        self._tables = tables
        self._copies = copies
        self._clock = clock

    def commit(self, actor: Actor, dataset_id: DatasetId, order: CommitOrder) -> Committed:
        """Make one commit, or find the one that an earlier try made.

        Raises:  Unavailable: the outcome is not known, the same order can be given again. Any other
                 error: nothing was made, and nothing of this order will be.
        """
        if order.branch.name.startswith("refs/") or order.branch.name == "HEAD":
            raise Invalid(f"{order.branch} is not the plain name of a branch.")
        mirror = self._mirrors.of(dataset_id)
        came_at = time.time()
        with mirror.branch_lock(order.branch.name, QUEUE_SECONDS):
            if mirror.stalled_since(came_at):  # do not let the whole queue wait one by one
                raise no_answer()
            began_at = time.monotonic()
            try:
                return self._take_turn(actor, dataset_id, order, began_at)
            except Unavailable:
                if time.monotonic() - began_at > _PATIENCE_SECONDS:
                    mirror.note_stall()
                raise

    def _take_turn(
        self, actor: Actor, dataset_id: DatasetId, order: CommitOrder, began_at: float
    ) -> Committed:
        in_doubt = False
        for attempt in range(TRIES):
            tip = self._tip(actor, dataset_id, order, look_now=attempt > 0)
            done = self._find_done(dataset_id, order, tip)
            if done is not None:
                return done
            draft = self._draft(dataset_id, order, tip)
            if draft.objects is None:
                return Committed(Revision(tip or draft.sha), draft.replaced)
            outcome = self._push(actor, dataset_id, order, tip, draft.sha, draft.objects)
            if outcome.failure is Failure.NONE:
                return Committed(Revision(draft.sha), draft.replaced)
            check_push(outcome, in_doubt=in_doubt)
            if outcome.failure is not Failure.STALE:
                in_doubt = True
                if time.monotonic() - began_at > _PATIENCE_SECONDS:
                    raise no_answer()  # what needs a stalled GitLab must end within 15 seconds
            self._clock.sleep(random.uniform(0, _PAUSE_SECONDS * (attempt + 1)))  # noqa: S311
        raise Unavailable("This branch moves too fast for another commit; try again in a moment.")

    def _tip(
        self, actor: Actor, dataset_id: DatasetId, order: CommitOrder, *, look_now: bool
    ) -> str | None:
        """Return the branch's tip: what is known serves only where it is what the author saw.

        Anything else may be older than the author's base, which would look like a conflict.
        """
        if not look_now:
            known = self._tables.table(actor, dataset_id).heads.get(order.branch.name)
            if known == order.base:
                return known.sha if known else None
        revision = self._tables.table_now(actor, dataset_id).heads.get(order.branch.name)
        return revision.sha if revision else None

    def _find_done(
        self, dataset_id: DatasetId, order: CommitOrder, tip: str | None
    ) -> Committed | None:
        return self._copies.read(dataset_id, lambda opened: find_done(opened, order, tip))

    def _draft(self, dataset_id: DatasetId, order: CommitOrder, tip: str | None) -> Draft:
        now = self._clock.now()
        return self._copies.read(dataset_id, lambda opened: make_draft(opened, order, tip, now))

    def _push(
        self,
        actor: Actor,
        dataset_id: DatasetId,
        order: CommitOrder,
        tip: str | None,
        sha: str,
        objects: NewObjects,
    ) -> Outcome:
        mirror = self._mirrors.of(dataset_id)
        branch = order.branch.name
        with mirror.incoming() as incoming:
            stem, size_bytes = objects.write(incoming)
            outcome = run_git(
                [
                    "push",
                    "--porcelain",
                    "--atomic",
                    "--no-verify",
                    f"--force-with-lease=refs/heads/{branch}:{tip or ''}",
                    self._tables.url(actor, dataset_id),
                    f"{sha}:refs/heads/{branch}",
                ],
                folder=mirror.path,
                actor=actor,
                timeout_seconds=PUSH_SECONDS + size_bytes / _BYTES_A_SECOND,
                environment={"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(incoming)},
            )
            if outcome.failure is Failure.NONE:
                with suppress(OSError):  # it is GitLab's now: what is not here is fetched
                    mirror.adopt(incoming, stem)
                _advance(mirror, branch, tip, sha)
        return outcome


def check_push(outcome: Outcome, *, in_doubt: bool) -> None:
    """Raise what a failed push means, where another try cannot help.

    `in_doubt`: an earlier try of the same order may still arrive, so no refusal is the last word.
    Raises:  Forbidden with GitLab's own sentence, Invalid (quota), Unauthenticated, NotFound,
             Unavailable.
    """
    refusal = _refusal(outcome)
    if refusal is None:
        return
    if in_doubt and not isinstance(refusal, Unavailable):
        raise Unavailable(
            "GitLab's answer to this commit was lost and now it refuses; try again in a moment."
        ) from refusal
    raise refusal


def no_answer() -> Unavailable:
    """Return the error of a push whose outcome nobody knows."""
    return Unavailable("GitLab does not answer to this commit; try again in a moment.")


def _refusal(outcome: Outcome) -> LabsetError | None:
    if outcome.failure is Failure.UNAUTHENTICATED:
        return Unauthenticated("GitLab refuses this token for git: sign in again.")
    if outcome.failure is Failure.MISSING:
        return NotFound("There is no such dataset, or it is not for you.")
    if outcome.failure is not Failure.REFUSED:
        if outcome.failure is not Failure.STALE:
            _log.warning("A push failed: %s %s", outcome.stdout, outcome.stderr)
        return None
    why = sentence_of(outcome.remarks)
    if _PAUSED.search(why):
        return Unavailable(f"GitLab takes no changes now: {why}.")
    if _QUOTA.search(why):
        return Invalid(f"GitLab has no room for this: {why}.", code="quota_exceeded")
    return Forbidden(why)


def _advance(mirror: Mirror, branch: str, old: str | None, new: str) -> None:
    try:
        with mirror.lock(1.0):
            mirror.advance(branch, old, new)
    except Unavailable:
        _log.info("The copy %s is busy; the next look fetches the commit", mirror.path.name)
    mirror.note_move()
    mirror.tidy_if_needed()
