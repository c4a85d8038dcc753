"""Ledgers for a whole module: hypothesis asks them thousands of things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.postgres import PostgresServer
from ledger.engine import Ledger, open_ledger
from tests.integration.database.fixtures import KEY, postgres_server

__all__ = ["postgres_server"]


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("sqlite")
    opened = open_ledger(f"sqlite:///{folder}/ledger.db", [KEY])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def postgresql(postgres_server: PostgresServer) -> Iterator[Ledger]:
    opened = open_ledger(postgres_server.create_database(), [KEY])
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def either(request: pytest.FixtureRequest) -> Ledger:
    found: Ledger = request.getfixturevalue(request.param)
    return found
