from __future__ import annotations

from core.ports import (
    AssetRecords,
    BindingRecords,
    FactsRecords,
    JobRecords,
    LoginRecords,
    RefusalRecords,
    RegistryRecords,
    SiteRecords,
    StagedRecords,
    StagingRecords,
    UploadRecords,
)
from ledger.engine import Ledger


def test_the_ledger_has_every_kind_of_record(ledger: Ledger) -> None:
    """The types say more than the asserts: mypy reads this as well."""
    facts: FactsRecords = ledger.facts
    staging: StagingRecords = ledger.staging
    staged: StagedRecords = ledger.staged
    sites: SiteRecords = ledger.sites
    bindings: BindingRecords = ledger.bindings
    uploads: UploadRecords = ledger.uploads
    jobs: JobRecords = ledger.jobs
    logins: LoginRecords = ledger.logins
    refusals: RefusalRecords = ledger.refusals
    assets: AssetRecords = ledger.assets
    registry: RegistryRecords = ledger.registry
    kept = (facts, staging, staged, sites, bindings, uploads, jobs, logins, refusals)
    assert None not in (*kept, assets, registry)
