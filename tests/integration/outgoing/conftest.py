from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest

from core.model.addresses import Resolve
from core.model.registry import HealthCheck
from core.ports import OtherAnswer
from outgoing.databases import OtherAssetDatabases
from outgoing.resolving import resolve
from tests.fakes.clock import FakeClock
from tests.integration.outgoing.servers import Answer, Server, serving

Opens = Callable[..., OtherAssetDatabases]


@pytest.fixture
def opens() -> Opens:
    """Make the adapter as an installation has it: with its list, and the machine's names or a test's."""

    def make(
        *listed: str, resolve: Resolve = resolve, trust: ssl.SSLContext | None = None
    ) -> OtherAssetDatabases:
        return OtherAssetDatabases(FakeClock(), allowed_hosts=listed, resolve=resolve, trust=trust)

    return make


@pytest.fixture
def running() -> Iterator[Callable[..., Server]]:
    """Start servers that end with the test."""
    started = []

    def start(act: Answer, secured: ssl.SSLContext | None = None) -> Server:
        one = serving(act, secured)
        started.append(one)
        return one.__enter__()

    yield start
    for one in started:
        one.__exit__(None, None, None)


def look(others: OtherAssetDatabases, url: str) -> HealthCheck:
    """Look at one address."""
    [check] = others.look_at_health([url])
    return check


def ask(
    others: OtherAssetDatabases, url: str, *, seconds: float = 1.0, limit: int = 50
) -> OtherAnswer:
    """Ask one address for everything."""
    [answer] = others.query([url], {}, limit=limit, timeout_seconds=seconds)
    return answer


def leading(*steps: Sequence[str]) -> Resolve:
    """Return a look-up whose answers follow each other; the last one stays."""
    left = list(steps)

    def find(_host: str, _port: int) -> Iterable[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return find
