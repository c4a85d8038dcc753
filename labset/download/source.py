"""Where the bytes of one file come from: a link at the site, or Labset."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from labset.errors import LabsetError, Unreachable
from labset.manifest import Row
from labset.transport.dataset_wire import DatasetWire
from labset.transport.reach import GATEWAYS, Reach
from labset.transport.wire import Answer

_FRESH_SECONDS = 40.0  # links live for 60 s at most
_REFUSALS = 2  # by the site, before the bytes come through Labset


class Source:
    """Gives ranges of one file of a commit."""

    def __init__(
        self,
        wire: DatasetWire,
        commit: str,
        row: Row,
        reach: Reach,
        say: Callable[[str], object],
    ) -> None:
        self._wire = wire
        self._commit = commit
        self._row = row
        self._reach = reach
        self._say = say
        self._lock = threading.Lock()
        self._link: str | None = None
        self._link_at = 0.0
        self._refusals = 0

    @contextmanager
    def open(self, start: int, end: int) -> Iterator[Answer]:
        """Give the bytes from `start` up to `end`.

        Raises:  Unreachable; Damaged, NotFound and others, as Labset says.
        """
        headers = (
            {} if (start, end) == (0, self._row.size) else {"Range": f"bytes={start}-{end - 1}"}
        )
        link = self._find_link(headers)
        if link is None:
            with self._inside(headers) as answer:
                yield answer
            return
        wire, target = self._wire.outside(link)
        with wire.exchange("GET", target, headers) as answer:
            self._check(answer, end - start)
            yield answer

    def _check(self, answer: Answer, size: int) -> None:
        """Raise Unreachable for anything but the bytes that were asked for."""
        if answer.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT} and answer.size == size:
            return
        with self._lock:
            self._link = None
            is_busy = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            self._refusals += not is_busy or answer.status in GATEWAYS
        raise Unreachable(f"The storage site answered {answer.status} for {self._row.path}.")

    def _find_link(self, headers: dict[str, str]) -> str | None:
        """Return a fresh link; None, where the bytes have to come through Labset."""
        with self._lock:
            if self._refusals >= _REFUSALS:
                return None
            if self._link is None or time.monotonic() - self._link_at > _FRESH_SECONDS:
                self._link_at = time.monotonic()
                self._link = self._ask_link(headers)
            if self._link is None:
                self._refusals = _REFUSALS
            return self._link

    def _ask_link(self, headers: dict[str, str]) -> str | None:
        params = {"ref": self._commit, "redirect": "1"}
        path = ("files", self._row.path)
        one_byte = {"Range": "bytes=0-0"} if self._row.size else headers
        with self._wire.ask("GET", *path, params=params, headers=one_byte) as answer:
            answer.read()
            location = answer.headers.get("Location")
        if answer.status != HTTPStatus.FOUND or not location or "://" not in location:
            return None
        can, is_news = self._reach.can(location)
        if is_news and not can:
            self._say("The storage site does not answer from here: bytes come through Labset.")
        return location if can else None

    @contextmanager
    def _inside(self, headers: dict[str, str]) -> Iterator[Answer]:
        params = {"ref": self._commit}
        path = ("files", self._row.path)
        with self._wire.ask("GET", *path, params=params, headers=headers) as answer:
            if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise LabsetError(f"The server answered {answer.status} for {self._row.path}.")
            yield answer
