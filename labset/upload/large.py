"""Large files, each by the best way: straight to the site, or through Labset where it continues."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus

from labset.errors import Conflict, Damaged, LabsetError, Unreachable
from labset.transport.crew import Crew
from labset.transport.patience import Patience
from labset.transport.reach import Reach
from labset.transport.wire import FilePart
from labset.upload.links import LinkBook, Offer
from labset.upload.planning import Hashed
from labset.upload.session import Session
from labset.upload.straight import (
    SiteRefused,
    Stretch,
    counted,
    opened,
    put,
    put_parts,
    wrong_bytes,
)
from labset.watch import Watch

_PIECE_BYTES = 256 * 1024 * 1024  # of one request through Labset
_WHOLE_BYTES = 8 * 1024 * 1024  # up to here a break costs little
_REFUSALS = 2  # by the site, before the bytes go through Labset

Check = Callable[[], object]


class LargeFiles:
    """Sends files of a session that are too large for a batch."""

    def __init__(self, session: Session, paths: list[str], watch: Watch, crew: Crew) -> None:
        self._session = session
        self._book = LinkBook(session, paths)
        self._reach = Reach(session.wire)
        self._watch = watch
        self._crew = crew

    def send(self, one: Hashed) -> None:
        """Send one file.

        Raises:  Conflict with the code `changed`; Unreachable; what the server refuses.
        """
        patience, refusals = Patience(), 0
        while True:
            offer = self._book.take(one.file.path)
            if offer is None:
                self._watch.advance(1, one.file.size)
                return
            try:
                self._send_as(one, offer, straight=refusals < _REFUSALS)
            except SiteRefused:
                refusals += 1
            except Unreachable as problem:
                patience.wait(problem)
            else:
                self._watch.advance(1)
                return

    def _send_as(self, one: Hashed, offer: Offer, *, straight: bool) -> None:
        parts, link = offer.told.get("parts"), offer.link
        if offer.told["state"] == "verifying":
            self._complete(one)
        elif straight and parts and self._can_reach([row["url"] for row in parts["urls"]]):
            with counted(self._meter) as meter:
                put_parts(self._session, one, parts, meter)
                self._complete(one)
        elif straight and link and not parts and self._can_reach([link["url"]]):
            put(self._session, link, Stretch(one, 0, one.file.size), self._meter)
        else:
            with counted(self._meter) as meter:
                self._put_through(one, int(offer.told.get("received_bytes") or 0), meter)
                if one.file.size > _WHOLE_BYTES:
                    self._complete(one)

    def _complete(self, one: Hashed) -> None:
        try:
            if not self._session.complete(one.file.path):
                raise Unreachable(f"Parts of {one.file.path} are missing at the site.")
        except Damaged as refusal:
            raise wrong_bytes(one) from refusal

    def _can_reach(self, urls: list[str]) -> bool:
        if not urls:
            return True
        can, is_news = self._reach.can(urls[0])
        if is_news and not can:
            self._watch.say("The storage site does not answer from here: bytes go through Labset.")
        return can

    def _meter(self, count: int) -> None:
        self._watch.advance(0, count)
        if count > 0:
            self._crew.check()

    def _put_through(self, one: Hashed, received: int, meter: Callable[[int], object]) -> None:
        """Send what the server has not got yet, and go on where it breaks."""
        patience = Patience()
        told = 0
        while True:
            meter(received - told)
            told = received
            if received >= one.file.size:
                return
            try:
                received = self._put_range(one, received)
                patience.moved()
            except Unreachable as problem:
                patience.wait(problem)
                received = self._ask_received(one)

    def _put_range(self, one: Hashed, start: int) -> int:
        """Send from `start` on; return how much the server has."""
        size = one.file.size
        length = size if size <= _WHOLE_BYTES else min(_PIECE_BYTES, size - start)
        headers = {"Content-Type": "application/octet-stream"}
        if size > _WHOLE_BYTES:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
        parts = ("uploads", self._session.id, "files", one.file.path)
        try:
            with opened(one) as file:
                body = FilePart(file, start, length, lambda _: self._crew.check())
                with self._session.wire.ask("PUT", *parts, headers=headers, body=body) as answer:
                    told = json.loads(answer.read())
        except LabsetError as refusal:
            return _offset_wanted(one, refusal)
        return int(told["received"]) if answer.status == HTTPStatus.ACCEPTED else size

    def _ask_received(self, one: Hashed) -> int:
        told = self._session.links([one.file.path]).get(one.file.path)
        return one.file.size if told is None else int(told.get("received_bytes") or 0)


def _offset_wanted(one: Hashed, refusal: LabsetError) -> int:
    """Return where the server wants to go on. Raises the refusal, if it is another one."""
    if isinstance(refusal, Conflict) and refusal.code == "wrong_offset":
        return int(str(refusal.details["expected"]))
    if refusal.code in {"wrong_checksum", "wrong_size"}:
        raise wrong_bytes(one) from refusal
    raise refusal
