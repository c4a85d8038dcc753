"""Small files: many of them in one tar stream, and again what did not arrive."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from labset.errors import LabsetError, Unreachable
from labset.transport.crew import Crew
from labset.transport.patience import Patience
from labset.upload.planning import Hashed
from labset.upload.session import Session
from labset.upload.straight import wrong_bytes
from labset.upload.tar_body import tar_of
from labset.watch import Watch

_MOST_REFUSALS = 3


class SmallFiles:
    """Sends batches of a session."""

    def __init__(self, session: Session, watch: Watch, crew: Crew) -> None:
        self._session = session
        self._watch = watch
        self._crew = crew

    def send(self, batch: Sequence[Hashed]) -> None:
        """Send a batch until all of it is there.

        Raises:  Conflict with the code `changed`; Unreachable; LabsetError, naming a file that the
                 server does not store.
        """
        patience, refusals = Patience(), 0
        missing: Mapping[str, str] = {}
        rest = batch
        while rest:
            try:
                missing = self._send_once(rest)
                refusals += bool(missing)
                if refusals > _MOST_REFUSALS:
                    raise _not_stored(rest, missing)
            except Unreachable as problem:
                patience.wait(problem)
                missing = dict.fromkeys(self._session.links([one.file.path for one in rest]), "")
            rest = self._settle(rest, missing, patience)

    def _send_once(self, batch: Sequence[Hashed]) -> dict[str, str]:
        """Return what was not stored, and why."""
        headers = {"Content-Type": "application/x-tar"}
        body = tar_of(batch, self._crew.check)
        parts = ("uploads", self._session.id, "batch")
        with self._session.wire.ask("POST", *parts, headers=headers, body=body) as answer:
            told = json.loads(answer.read())
        return {
            one["path"]: one.get("problem", "")
            for one in told["files"]
            if one["state"] != "present"
        }

    def _settle(
        self, batch: Sequence[Hashed], missing: Mapping[str, str], patience: Patience
    ) -> list[Hashed]:
        """Tell what has arrived; return what is still to be sent."""
        rest = [one for one in batch if one.file.path in missing]
        arrived = sum(one.file.size for one in batch) - sum(one.file.size for one in rest)
        self._watch.advance(len(batch) - len(rest), arrived)
        if len(rest) < len(batch):
            patience.moved()
        return rest


def _not_stored(batch: Sequence[Hashed], missing: Mapping[str, str]) -> LabsetError:
    for one in batch:
        if one.file.path in missing:
            why = wrong_bytes(one)
            if not isinstance(why, Unreachable):
                return why
    path, problem = next(iter(missing.items()))
    return LabsetError(f"{path} was not stored: {problem}", "not_stored", {"path": path})
