"""Open Labset's own database: every kind of record, one attribute each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from core.model.access import Secret
from ledger.assets import SqlAssetRecords
from ledger.bindings import SqlBindingRecords
from ledger.database import Database
from ledger.facts import SqlFactsRecords
from ledger.jobs import SqlJobRecords
from ledger.logins import SqlLoginRecords
from ledger.refusals import SqlRefusalRecords
from ledger.registry import SqlRegistryRecords
from ledger.rotation import reencrypt
from ledger.schema import upgrade
from ledger.sites import SqlSiteRecords
from ledger.staged import SqlStagedRecords
from ledger.staging import SqlStagingRecords
from ledger.uploads import SqlUploadRecords
from ledger.vault import Vault


@dataclass(frozen=True, slots=True)
class Ledger:
    """Labset's own records. One for a process and all its threads; its children open their own."""

    facts: SqlFactsRecords
    staging: SqlStagingRecords
    staged: SqlStagedRecords
    sites: SqlSiteRecords
    bindings: SqlBindingRecords
    uploads: SqlUploadRecords
    jobs: SqlJobRecords
    logins: SqlLoginRecords
    refusals: SqlRefusalRecords
    assets: SqlAssetRecords
    registry: SqlRegistryRecords
    database: Database
    vault: Vault

    def check_answers(self) -> float:
        """Return how long the database took to answer, in seconds; Unavailable if it did not."""
        return time_answer(self.database)

    def reencrypt(self) -> int:
        """Seal with the first key whatever another one sealed; return how many values that were.

        May run while others work. Afterwards the older keys can be taken away.
        Raises:  Damaged, if no key opens a value.
        """
        return reencrypt(self.database, self.vault)

    def close(self) -> None:
        """Write what is waiting and close the connections."""
        self.facts.close()
        self.database.close()


def open_ledger(database_url: str, keys: Sequence[Secret]) -> Ledger:
    """Open the database and bring it up to date.

    `database_url` is `sqlite:////absolute/file` or `postgresql://…`; of `keys` the first encrypts
    and all decrypt, each of at least 32 bytes.
    Raises:  Invalid, for a wrong address or key; Conflict (`ledger_newer`); Unavailable.
    """
    vault = Vault(keys)
    database = Database(database_url)
    upgrade(database.url)
    site_records = SqlSiteRecords(database, vault)
    return Ledger(
        facts=SqlFactsRecords(database),
        staging=SqlStagingRecords(database),
        staged=SqlStagedRecords(database),
        sites=site_records,
        bindings=SqlBindingRecords(database, vault, site_records),
        uploads=SqlUploadRecords(database, vault),
        jobs=SqlJobRecords(database),
        logins=SqlLoginRecords(database, vault),
        refusals=SqlRefusalRecords(database),
        assets=SqlAssetRecords(database),
        registry=SqlRegistryRecords(database),
        database=database,
        vault=vault,
    )


def time_answer(database: Database) -> float:
    """Return how long the database took to answer, in seconds; Unavailable if it did not."""
    began = time.perf_counter()
    with database.reading() as connection:
        connection.execute(select(1))
    return time.perf_counter() - began
