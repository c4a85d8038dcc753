"""The ledgers that the tests here are given."""

from __future__ import annotations

from tests.integration.database.fixtures import database_url, ledger, postgres_server

__all__ = ["database_url", "ledger", "postgres_server"]
