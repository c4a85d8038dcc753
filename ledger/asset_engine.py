"""Open the database of an asset database that runs alone: nothing in it is sealed, so no key is needed."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.assets import SqlAssetRecords
from ledger.database import Database
from ledger.engine import time_answer
from ledger.facts import SqlFactsRecords
from ledger.registry import SqlRegistryRecords
from ledger.schema import upgrade
from ledger.staging import SqlStagingRecords


@dataclass(frozen=True, slots=True)
class AssetLedger:
    """The records that assets and the registry need; the same tables as Labset's own."""

    facts: SqlFactsRecords
    staging: SqlStagingRecords
    assets: SqlAssetRecords
    registry: SqlRegistryRecords
    database: Database

    def check_answers(self) -> float:
        """Return how long the database took to answer, in seconds; Unavailable if it did not."""
        return time_answer(self.database)

    def close(self) -> None:
        """Write what is waiting and close the connections."""
        self.facts.close()
        self.database.close()


def open_asset_ledger(database_url: str) -> AssetLedger:
    """Open the database and bring it up to date; several servers may share it.

    Raises:  Invalid, for a wrong address; Conflict (`ledger_newer`); Unavailable.
    """
    database = Database(database_url)
    upgrade(database.url)
    return AssetLedger(
        facts=SqlFactsRecords(database),
        staging=SqlStagingRecords(database),
        assets=SqlAssetRecords(database),
        registry=SqlRegistryRecords(database),
        database=database,
    )
