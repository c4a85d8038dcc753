"""Remember for people why DVC was refused, since DVC tells them of missing files."""

from __future__ import annotations

from datetime import timedelta

from core.errors import Conflict, Forbidden, LabsetError, Unauthenticated
from core.model.access import Actor, Person
from core.model.names import DatasetId
from core.model.refusals import Refusal
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset

WRITTEN_EVERY = timedelta(seconds=5)  # a push is refused a hundred times in a second
_REFUSALS = (Forbidden, Conflict)  # of datasets that the caller sees


def note_refusal(
    platform: Platform, actor: Actor, dataset_id: DatasetId, method: str, error: LabsetError
) -> None:
    """Keep why DVC was refused, for the person and the dataset.

    Nothing is kept of nobody, of who GitLab does not know, and of what may not be seen at all.
    Raises:  Unavailable.
    """
    if not isinstance(error, _REFUSALS):
        return
    person = _find_person(platform, actor)
    if person is None:
        return
    now = platform.clock.now()
    refusal = Refusal(now, method, error.code, error.message)
    known = platform.refusals.find_refusal(person.id, dataset_id, now)
    if known is None or says_more(refusal, known):
        platform.refusals.save_refusal(person.id, dataset_id, refusal)


def says_more(refusal: Refusal, known: Refusal) -> bool:
    """Whether a refusal is worth writing in the place of the one that is known.

    A push asks for each object before it sends it: the refused sending is what is told.
    """
    if refusal.is_of_push and not known.is_of_push:
        return True
    return refusal.at - known.at >= WRITTEN_EVERY


def find_last_refusal(platform: Platform, actor: Actor, dataset_id: DatasetId) -> Refusal | None:
    """Return what the caller's DVC was refused last, of a dataset that was opened."""
    person = _find_person(platform, actor)
    if person is None:
        return None
    return platform.refusals.find_refusal(person.id, dataset_id, platform.clock.now())


def dismiss_refusal(platform: Platform, actor: Actor, dataset_id: DatasetId) -> None:
    """Forget the caller's refusal; there may be none."""
    open_dataset(platform, actor, dataset_id, Needs.SEE)
    person = platform.directory.read_person(actor)
    platform.refusals.delete_refusal(person.id, dataset_id)


def _find_person(platform: Platform, actor: Actor) -> Person | None:
    """Return whom GitLab knows by the credential; some tokens (of jobs) are nobody's."""
    if actor.is_anonymous:
        return None
    try:
        return platform.directory.read_person(actor)
    except (Unauthenticated, Forbidden):
        return None
