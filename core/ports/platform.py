"""Everything that the verbs reach, in one hand."""

from __future__ import annotations

from dataclasses import dataclass

from core.ports.clock import Clock
from core.ports.directory import Directory
from core.ports.history import History
from core.ports.objects import Objects
from core.ports.parts import Beside, Parts, StagedRecords
from core.ports.refusals import RefusalRecords
from core.ports.site_records import BindingRecords, FactsRecords, SiteRecords, StagingRecords
from core.ports.work_records import JobRecords, UploadRecords


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that the verbs reach, put together in `app/wiring.py`."""

    directory: Directory
    history: History
    objects: Objects
    parts: Parts
    sites: SiteRecords
    bindings: BindingRecords
    uploads: UploadRecords
    jobs: JobRecords
    staging: StagingRecords
    facts: FactsRecords
    staged: StagedRecords
    refusals: RefusalRecords
    clock: Clock
    beside: Beside
    dvc_base_url: str
