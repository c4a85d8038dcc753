"""Bytes of a local file straight to the storage site, by a link or by links to its parts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast

from labset.errors import LabsetError, Unreachable
from labset.local.cache import md5_of
from labset.transport.crew import Crew
from labset.transport.patience import Patience
from labset.transport.reach import GATEWAYS
from labset.transport.wire import FilePart
from labset.upload.hashing import changed, open_unchanged
from labset.upload.links import FRESH_SECONDS
from labset.upload.planning import Hashed
from labset.upload.session import Session

_PARTS_AT_ONCE = 4
_LINKS_AT_ONCE = 16
_REFUSALS = 3

Json = Mapping[str, Any]
Meter = Callable[[int], object]


class SiteRefused(LabsetError):
    """The site takes nothing by this way; the bytes may go through Labset."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some bytes of a local file, in one request. Units: bytes."""

    file: Hashed
    start: int
    size: int


def put(session: Session, link: Json, stretch: Stretch, meter: Meter) -> None:
    """Send bytes by a link.

    Raises:  SiteRefused; Unreachable; Conflict with the code `changed`.
    """
    wire, target = session.wire.outside(link["url"])
    with counted(meter) as progress, opened(stretch.file) as file:
        body = FilePart(file, stretch.start, stretch.size, progress)
        with wire.exchange(link["method"], target, link["headers"], body) as answer:
            text = answer.read()
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise _refusal(stretch.file, answer.status, text)


def put_parts(session: Session, one: Hashed, told: Json, meter: Meter) -> None:
    """Send those parts of a file that the site does not hold yet. Raises: as `put`."""
    part_bytes, count = int(told["part_bytes"]), int(told["count"])
    stretches = {
        number: Stretch(one, start, min(part_bytes, one.file.size - start))
        for number, start in enumerate(range(0, count * part_bytes, part_bytes), 1)
    }
    present = {int(row["number"]) for row in told.get("present") or ()}
    meter(sum(stretches[number].size for number in present))
    missing = [number for number in stretches if number not in present]
    book = _PartBook(session, one.file.path, missing, told["urls"])

    def send(number: int) -> None:
        _put_part(session, book, number, stretches[number], meter)

    Crew(_PARTS_AT_ONCE).run(send, missing)


@contextmanager
def opened(one: Hashed) -> Iterator[BinaryIO]:
    """Open a file that is still what it was found to be."""
    with os.fdopen(open_unchanged(one.file), "rb", buffering=0) as file:
        yield cast("BinaryIO", file)


@contextmanager
def counted(meter: Meter) -> Iterator[Meter]:
    """Give a meter for one attempt; what it told is taken back, if the attempt fails."""
    told = 0

    def progress(count: int) -> None:
        nonlocal told
        told += count
        meter(count)

    try:
        yield progress
    except BaseException:
        meter(-told)
        raise


def wrong_bytes(one: Hashed) -> LabsetError:
    """Return why bytes that arrived are not those that were announced."""
    if md5_of(Path(one.file.local)) != one.md5:
        return changed(one.file)
    return Unreachable(f"The bytes of {one.file.path} changed on their way. Try again.")


class _PartBook:
    """Gives out links to parts, asked for in groups shortly before they are needed."""

    def __init__(
        self, session: Session, path: str, missing: Sequence[int], urls: Sequence[Json]
    ) -> None:
        self._session = session
        self._path = path
        self._missing = missing
        self._links = {int(one["number"]): one for one in urls}
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self, number: int) -> Json:
        """Return a fresh link to a part."""
        with self._lock:
            if number not in self._links or time.monotonic() - self._at > FRESH_SECONDS:
                self._refresh(number)
            if number not in self._links:
                raise SiteRefused(f"There is no link to part {number} of {self._path}.")
            return self._links.pop(number)

    def _refresh(self, number: int) -> None:
        coming = [one for one in self._missing if one >= number][:_LINKS_AT_ONCE]
        self._at = time.monotonic()
        told = self._session.links([self._path], coming).get(self._path, {})
        urls = (told.get("parts") or {}).get("urls") or ()
        self._links = {int(one["number"]): one for one in urls}


def _put_part(
    session: Session, book: _PartBook, number: int, stretch: Stretch, meter: Meter
) -> None:
    patience, refusals = Patience(), 0
    while True:
        try:
            put(session, book.take(number), stretch, meter)
        except Unreachable as problem:
            patience.wait(problem)
        except SiteRefused:
            refusals += 1
            if refusals == _REFUSALS:
                raise
        else:
            return


def _refusal(one: Hashed, status: int, text: bytes) -> LabsetError:
    if b"BadDigest" in text or b"InvalidDigest" in text:
        return wrong_bytes(one)
    told = f"The storage site answered {status} for {one.file.path}."
    is_busy = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in GATEWAYS
    if is_busy or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unreachable(told)
    return SiteRefused(told)
