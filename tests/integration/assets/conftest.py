from __future__ import annotations

import pytest

from ledger.engine import Ledger
from tests.integration.assets.world import House, open_house
from tests.integration.database.fixtures import database_url, ledger, postgres_server

__all__ = ["database_url", "house", "ledger", "postgres_server"]


@pytest.fixture
def house(ledger: Ledger) -> House:
    """An asset database with a GitLab's rules: writing needs a token."""
    return open_house(ledger)
