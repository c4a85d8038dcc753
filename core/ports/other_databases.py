"""Other asset databases, at addresses that people name: never trusted, never waited for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.model.json_values import JsonValue
from core.model.registry import HealthCheck


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """What another asset database answered to a query; `problem` is None where it did.

    `documents` are entries in the seed's shape as far as they could be read: only fields that it
    knows, of the types that it says, and addresses of http and https.
    """

    documents: tuple[Mapping[str, JsonValue], ...]
    seconds: float
    problem: str | None = None


class OtherDatabases(Protocol):
    """Asks other asset databases: public addresses and the operator's allow-list, no redirects."""

    def check_address(self, url: str) -> None:
        """Refuse what no asset database of others can be at.

        A name that cannot be resolved now passes: it is asked again at every look.
        Raises:  Invalid, for what is no http(s) address; Forbidden (`address_not_allowed`);
                 Unavailable (`busy`), where many wait for other databases already.
        """

    def look_at_health(self, urls: Sequence[str]) -> Sequence[HealthCheck]:
        """Ask each `<url>/health`; what went wrong there is told in fixed words.

        Shape:   one look for each address, in their order; an address that is just being looked at
                 is not asked twice.
        Units:   at most 5 seconds by the wall clock and 64 KiB each, 10 seconds altogether.
        Raises:  Unavailable (`busy`), where so many are being asked that some had no turn, or many
                 wait for other databases already.
        """

    def query(
        self,
        urls: Sequence[str],
        query: Mapping[str, JsonValue],
        *,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[OtherAnswer]:
        """Ask each `<url>/assets` at the same time, without any credential.

        Shape:   one answer for each address, in their order.
        Units:   at most `timeout_seconds` by the wall clock altogether; 1 MiB and `limit` entries
                 each.
        Raises:  Unavailable (`busy`), where many wait for other databases already.
        """
