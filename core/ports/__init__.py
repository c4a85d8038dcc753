"""What the verbs need from outside; adapters stand in `gitlab_bridge`, `storage_sites`, `ledger`.

The verb of a method tells its contract: `find_` may answer None, `read_` and `resolve_` raise
NotFound, `list_` answers a sequence, `check_` raises on what is invalid. Every method may raise
Unavailable within 15 seconds; those that act for an Actor may raise Unauthenticated and Forbidden.
"""

from __future__ import annotations

from core.ports.asset_platform import AssetPeople, AssetPlaces, AssetPlatform, AssetRules
from core.ports.asset_records import AssetRecords, AssetScope, Found, RegistryRecords
from core.ports.clock import Clock
from core.ports.directory import Directory
from core.ports.history import History
from core.ports.login_records import LoginRecords
from core.ports.objects import BatchResult, Objects
from core.ports.other_databases import OtherAnswer, OtherDatabases
from core.ports.parts import Beside, Parts, StagedRecords
from core.ports.platform import Platform
from core.ports.refusals import RefusalRecords
from core.ports.site_records import (
    Binding,
    BindingRecords,
    FactsRecords,
    SiteRecords,
    StagingRecords,
)
from core.ports.work_records import JobRecords, UploadRecords

__all__ = [
    "AssetPeople",
    "AssetPlaces",
    "AssetPlatform",
    "AssetRecords",
    "AssetRules",
    "AssetScope",
    "BatchResult",
    "Beside",
    "Binding",
    "BindingRecords",
    "Clock",
    "Directory",
    "FactsRecords",
    "Found",
    "History",
    "JobRecords",
    "LoginRecords",
    "Objects",
    "OtherAnswer",
    "OtherDatabases",
    "Parts",
    "Platform",
    "RefusalRecords",
    "RegistryRecords",
    "SiteRecords",
    "StagedRecords",
    "StagingRecords",
    "UploadRecords",
]
