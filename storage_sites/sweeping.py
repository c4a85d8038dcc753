"""Temporary bytes whose upload was killed: found in the records, taken back from the sites."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from core.errors import LabsetError
from core.model.names import DatasetId
from core.model.storage import Placement
from core.ports import StagingRecords
from storage_sites.keys import is_staging_key, recorded_key
from storage_sites.store import Store

_log = logging.getLogger("labset.storage")

PlacementOf = Callable[[DatasetId, str], Placement | None]
"""Returns where a recorded key lies; the key tells several asset databases of one site apart."""


def sweep_staging(
    staging: StagingRecords,
    store_of: Callable[[Placement], Store],
    placement_of: PlacementOf,
    older_than: datetime,
) -> int:
    """Remove what was recorded before `older_than`; return how much was.

    A site that does not answer keeps its records for the next time.
    """
    swept = 0
    for dataset_id, record, multipart_id in staging.list_staging(older_than):
        placement = placement_of(dataset_id, recorded_key(record))
        if placement is None:
            _log.warning("dataset %s is not bound any more: %s stays recorded", dataset_id, record)
            continue
        try:
            _remove(store_of(placement), placement, recorded_key(record), multipart_id)
        except LabsetError as problem:
            _log.warning("temporary bytes of dataset %s stay: %s", dataset_id, problem.message)
            continue
        staging.forget_staging(placement, record)
        swept += 1
    return swept


def _remove(store: Store, placement: Placement, key: str, multipart_id: str | None) -> None:
    store.abort_upload(key, multipart_id)
    if is_staging_key(placement, key):
        store.remove([key])
