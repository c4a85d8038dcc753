"""Links to put bytes at the storage site: fresh ones when they are due."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from labset.upload.session import Session

Json = Mapping[str, Any]

FRESH_SECONDS = 40.0  # links live for 60 s at most
_AT_ONCE = 16


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
        """Whether its links can still be used, and all is told of its parts."""
        parts = self.told.get("parts")
        is_told = not parts or parts["present"] is not None
        return is_told and time.monotonic() - self.at < FRESH_SECONDS


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
