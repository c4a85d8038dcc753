"""Whether a storage site can be reached from here."""

from __future__ import annotations

import threading
from http import HTTPStatus

from labset.errors import Unreachable
from labset.transport.dataset_wire import DatasetWire

GATEWAYS = {
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.GATEWAY_TIMEOUT,
}  # a proxy that does not reach it either


class Reach:
    """Knows which origins take connections from here; each is tried once."""

    def __init__(self, wire: DatasetWire) -> None:
        self._wire = wire
        self._known: dict[str, bool] = {}
        self._lock = threading.Lock()

    def can(self, url: str) -> tuple[bool, bool]:
        """Say whether the host of a link takes connections, and whether that is news."""
        wire, _ = self._wire.outside(url)
        with self._lock:
            is_news = wire.host not in self._known
            if is_news:
                self._known[wire.host] = self._try(url)
            return self._known[wire.host], is_news

    def _try(self, url: str) -> bool:
        wire, _ = self._wire.outside(url)
        try:
            wire.connect()
        except Unreachable:
            return False
        return True
