"""Other asset databases that answer what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import Forbidden
from core.model.json_values import JsonValue
from core.model.registry import HealthCheck
from core.model.web_addresses import parse_web_address
from core.ports import Clock, OtherAnswer


class FakeOthers:
    """`OtherDatabases`; `ill` and `refused` hold addresses, `asked` all that were called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ill: dict[str, str] = {}
        self.refused: set[str] = set()
        self.documents: dict[str, tuple[Mapping[str, JsonValue], ...]] = {}
        self.asked: list[str] = []
        self.queries: list[tuple[Mapping[str, JsonValue], int, float]] = []

    def check_address(self, url: str) -> None:
        """Refuse what is none, and what the test says."""
        parse_web_address(url, field="address")
        if url in self.refused:
            raise Forbidden("it is not on the public internet", code="address_not_allowed")

    def look_at_health(self, urls: Sequence[str]) -> Sequence[HealthCheck]:
        """Return what the test says."""
        self.asked += urls
        return [HealthCheck(self._clock.now(), 0.25, self.ill.get(url)) for url in urls]

    def query(
        self,
        urls: Sequence[str],
        query: Mapping[str, JsonValue],
        *,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[OtherAnswer]:
        """Return what the test says."""
        self.asked += urls
        self.queries.append((query, limit, timeout_seconds))
        return [
            OtherAnswer(self.documents.get(url, ())[:limit], 0.25, self.ill.get(url))
            for url in urls
        ]
