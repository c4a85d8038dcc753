"""Small files: many of them in one tar stream, verified one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from labset.download.finishing import Finisher
from labset.download.tar_reader import read_members
from labset.errors import Damaged, Unreachable
from labset.local.hash_cache import Signature
from labset.manifest import Row
from labset.transport.crew import Crew
from labset.transport.dataset_wire import DatasetWire
from labset.transport.patience import Patience
from labset.watch import Watch

_KEEP_EVERY = 256  # hashes that are remembered at once


class SmallFiles:
    """Fetches groups of small files of one commit."""

    def __init__(
        self, wire: DatasetWire, commit: str, finisher: Finisher, watch: Watch, crew: Crew
    ) -> None:
        self._wire = wire
        self._commit = commit
        self._finisher = finisher
        self._watch = watch
        self._crew = crew
        self.damaged: dict[str, str] = {}  # what is wrong, by path

    def fetch(self, group: Sequence[Row]) -> None:
        """Fetch all of a group that is right; what is not stands in `damaged` afterwards.

        Raises:  Unreachable; what the server refuses.
        """
        patience = Patience()
        rest = {row.path: row for row in group}
        while rest:
            before = len(rest)
            try:
                self._fetch_once(rest)
            except Damaged as problem:
                if not self._leave_out(rest, problem):
                    raise
            except Unreachable as problem:
                if len(rest) < before:
                    patience.moved()
                patience.wait(problem)

    def _fetch_once(self, rest: dict[str, Row]) -> None:
        """Fetch files and take them off `rest`."""
        asked = {"ref": self._commit, "paths": list(rest), "content": "data", "format": "tar"}
        headers = {"Content-Type": "application/json"}
        body = json.dumps(asked).encode()
        most_bytes = max(row.size for row in rest.values())
        known: list[tuple[Signature, str]] = []
        with self._wire.ask("POST", "archive", headers=headers, body=body) as answer:
            try:
                for row, data in self._verified(read_members(answer, most_bytes), rest):
                    known.append((self._finisher.write(row, data), row.md5))
                    self._finisher.keep(row, data)
                    del rest[row.path]
                    self._watch.advance(1, row.size)
            finally:
                self._finisher.hashes.keep(known)
        if rest:
            path = next(iter(rest))
            raise Damaged(f"{path} did not come.", details={"path": path})

    def _verified(
        self, members: Iterator[tuple[str, bytes]], rest: dict[str, Row]
    ) -> Iterator[tuple[Row, bytes]]:
        """Yield what was asked for and is what its md5 says."""
        for path, data in members:
            self._crew.check()
            row = rest.get(path)
            if row is None:
                continue
            if hashlib.md5(data, usedforsecurity=False).hexdigest() != row.md5:
                raise Damaged(
                    f"The bytes of {path} are not what their md5 says.", "", {"path": path}
                )
            yield row, data

    def _leave_out(self, rest: dict[str, Row], problem: Damaged) -> bool:
        """Go on without the files that an error names; say whether it named one."""
        named = problem.details.get("missing")
        paths = [str(path) for path in named] if isinstance(named, list) else []
        paths.append(str(problem.details.get("path", "")))
        left_out = [path for path in dict.fromkeys(paths) if rest.pop(path, None)]
        self.damaged |= dict.fromkeys(left_out, problem.message)
        return bool(left_out)
