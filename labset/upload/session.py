"""One upload session at the server: begun or found again, asked for links, committed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from labset.errors import Conflict, NotFound, Unreachable
from labset.transport.dataset_wire import DatasetWire
from labset.upload.planning import SMALL_BYTES, Hashed

Json = Mapping[str, Any]

_RECEIVING = {"open", "receiving"}
_LIFETIME_SECONDS = 24 * 3600
_INCOMPLETE = "incomplete"
_VERIFYING = "verifying"


class Session:
    """A session that takes bytes, or that was committed already by a process that ended since."""

    def __init__(self, wire: DatasetWire, told: Json) -> None:
        self.wire = wire
        self.id: str = told["id"]
        self.commit_id: str | None = told.get("commit")
        self.missing: dict[str, Json] = _missing(told)

    def links(self, paths: Sequence[str], parts: Sequence[int] = ()) -> dict[str, Json]:
        """Return what is missing of these paths, with fresh links."""
        body = {"paths": list(paths)} | ({"parts": list(parts)} if parts else {})
        path = self.wire.path("uploads", self.id, "links")
        answer = self.wire.connection.send("POST", path, json=body, repeatable=True)
        return _missing(answer.json())

    def look(self) -> dict[str, Json]:
        """Return all that is still missing."""
        told = self.wire.connection.get_json(self.wire.path("uploads", self.id))
        return _missing(told)

    def commit(self) -> str | None:
        """Make the commit and return its id; None, where bytes are still missing.

        Raises:  Conflict, where the same paths were changed meanwhile.
        """
        path = self.wire.path("uploads", self.id, "commit")
        while True:
            try:
                answer = self.wire.connection.send("POST", path, repeatable=True)
                return str(answer.json()["commit"])
            except Conflict as refusal:
                if refusal.code != _INCOMPLETE:
                    raise
                return None
            except Unreachable as pause:
                if pause.code != _VERIFYING:
                    raise

    def complete(self, path: str) -> bool:
        """Have a file verified whose parts are all there; False, if some have gone.

        Raises:  Damaged with the code `wrong_checksum`.
        """
        address = self.wire.path("uploads", self.id, "files", path, "complete")
        while True:
            try:
                answer = self.wire.connection.send("POST", address, repeatable=True)
            except Conflict as refusal:
                if refusal.code != _INCOMPLETE:
                    raise
                return False
            if answer.json()["state"] != _VERIFYING:  # it waits some seconds by itself
                return True


def begin(wire: DatasetWire, branch: str | None, message: str, files: Iterable[Hashed]) -> Session:
    """Announce files; the server says what is missing."""
    rows = [{"path": one.file.path, "size": one.file.size, "md5": one.md5} for one in files]
    body = {
        "branch": branch,
        "message": message,
        "multipart": True,
        "links_from": SMALL_BYTES,
        "files": rows,
    }
    told = wire.connection.send(
        "POST",
        wire.path("uploads"),
        json={name: value for name, value in body.items() if value is not None},
        repeatable=True,
    )
    return Session(wire, told.json())


def find_again(wire: DatasetWire, session_id: str) -> Session | None:
    """Return a session that somebody began and that can go on, or that was committed."""
    try:
        told = wire.connection.get_json(wire.path("uploads", session_id))
    except NotFound:
        return None
    if told["state"] in _RECEIVING or told["state"] == "committing" or told.get("commit"):
        return Session(wire, told)
    return None


class Remembered:
    """Which session belongs to an upload, for whoever takes it up after this process."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self.lock_path = folder / f"{name}.lock"

    def find(self) -> str | None:
        """Return the session's id, or None."""
        try:
            told = json.loads(self._path.read_text(encoding="ascii"))
            return str(told["session"])
        except (OSError, ValueError, LookupError, TypeError):
            return None  # none was kept, or it was cut off: a new one does

    def keep(self, session_id: str) -> None:
        """Remember; what is older than a session lives is forgotten."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        for other in self._path.parent.glob("*.json"):
            with suppress(FileNotFoundError):  # another process has done with it meanwhile
                if time.time() - other.stat().st_mtime > _LIFETIME_SECONDS:
                    other.unlink()
        fresh = self._path.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(json.dumps({"session": session_id}), encoding="ascii")
        fresh.replace(self._path)

    def forget(self) -> None:
        """Remember no more."""
        self._path.unlink(missing_ok=True)


def _missing(told: Json) -> dict[str, Json]:
    return {one["path"]: one for one in told["files"] if one["state"] != "present"}
