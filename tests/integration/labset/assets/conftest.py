"""Small asset databases, and people who type commands at them without a log-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labset import Client
from tests.integration.labset.assets.seed_server import SeedServer
from tests.integration.labset.conftest import Typist, shell_environment


@pytest.fixture
def database() -> Iterator[SeedServer]:
    """One that answers as Labset does, and asks for no token."""
    made = SeedServer()
    yield made
    made.stop()


@pytest.fixture
def original() -> Iterator[SeedServer]:
    """One that answers as the seed's original does."""
    made = SeedServer(is_original=True)
    yield made
    made.stop()


@pytest.fixture
def anyone(tmp_path: Path) -> Typist:
    """Somebody without a log-in."""
    return Typist(tmp_path, shell_environment(tmp_path))


@pytest.fixture
def visitor(database: SeedServer) -> Iterator[Client]:
    """The same in Python."""
    with Client(database.url) as made:
        yield made


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered between tests, and no log-in is found."""
    monkeypatch.setenv("LABSET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("LABSET_TOKEN", raising=False)
