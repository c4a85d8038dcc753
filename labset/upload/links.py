"""Links at the storage site: whether it can be reached from here, and fresh ones when they are due."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from labset.dataset_wire import DatasetWire
from labset.errors import Unreachable
from labset.upload.session import Session

Json = Mapping[str, Any]

FRESH_SECONDS = 40.0  # links live for 60 s at most
_AT_ONCE = 16
_GATEWAYS = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}


class Reach:
    """Knows which origins answer from here; each is tried once."""

    def __init__(self, wire: DatasetWire) -> None:
        self._wire = wire
        self._known: dict[str, bool] = {}
        self._lock = threading.Lock()

    def can(self, url: str) -> tuple[bool, bool]:
        """Say whether the host of a link answers, whatever it says, and whether that is news."""
        wire, _ = self._wire.outside(url)
        with self._lock:
            is_news = wire.host not in self._known
            if is_news:
                self._known[wire.host] = self._try(url)
            return self._known[wire.host], is_news

    def _try(self, url: str) -> bool:
        wire, _ = self._wire.outside(url)
        try:
            with wire.exchange("HEAD", "/") as answer:
                return answer.status not in _GATEWAYS
        except Unreachable:
            return False


class Offer(NamedTuple):
    """What the server said of one missing file, and when. Units: seconds of the steady clock."""

    told: Json
    at: float

    @property
    def link(self) -> Json | None:
        """The request that takes the bytes at the site, or None: they go through Labset."""
        upload: Json | None = self.told.get("upload")
        return upload if upload and "://" in upload["url"] else None

    @property
    def is_fresh(self) -> bool:
        """Whether its links can still be used."""
        return time.monotonic() - self.at < FRESH_SECONDS


class LinkBook:
    """Gives out links; some are asked for at once, before they are needed."""

    def __init__(self, session: Session, paths: Sequence[str]) -> None:
        self._session = session
        self._lock = threading.Lock()
        now = time.monotonic()
        self._offers = {path: Offer(session.missing[path], now) for path in paths}
        self._order = list(paths)

    def take(self, path: str) -> Offer | None:
        """Return a fresh offer for a path, which is used once; None: its bytes are there meanwhile."""
        with self._lock:
            offer = self._offers.pop(path, None)
            if offer is None or not offer.is_fresh:
                self._refresh(path)
                offer = self._offers.pop(path, None)
            self._order = [one for one in self._order if one != path]
            return offer

    def _refresh(self, path: str) -> None:
        coming = [one for one in self._order if one != path][: _AT_ONCE - 1]
        now = time.monotonic()
        asked = self._session.links([path, *coming])
        self._offers |= {name: Offer(told, now) for name, told in asked.items()}
