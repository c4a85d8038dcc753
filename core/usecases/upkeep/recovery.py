"""Settle what a crash or an outage left half way: bindings and upload sessions."""

from __future__ import annotations

import logging

from core.errors import Forbidden, LabsetError, NotFound, Unauthenticated, Unavailable
from core.model.access import Actor
from core.model.names import DatasetId, UploadId
from core.model.uploads import COMMIT_LEASE, UploadState
from core.ports import Binding, Platform
from core.usecases.access.opening import Needs, open_dataset
from core.usecases.datasets.bind import finish_binding
from core.usecases.uploading.committing import settle
from core.usecases.uploading.staged import drop_staged

_log = logging.getLogger(__name__)


def reconcile(platform: Platform) -> int:
    """Settle everything whose lease ran out; return how many came to an end.

    Safe to run in several processes at once: each item is claimed by a lease, and a commit made
    twice is recognised by its key.
    """
    now = platform.clock.now()
    settled = 0
    for binding in platform.bindings.claim_stale_bindings(now, now + COMMIT_LEASE):
        settled += _settle_binding(platform, binding)
    for dataset_id, upload_id in platform.uploads.list_stale_uploads(now):
        settled += _settle_upload(platform, dataset_id, upload_id)
    return settled


def _settle_binding(platform: Platform, binding: Binding) -> bool:
    dataset_id = binding.placement.dataset_id
    actor = Actor(binding.token)
    try:
        dataset = open_dataset(platform, actor, dataset_id, Needs.BIND, fresh=True)
        finish_binding(platform, actor, dataset, binding)
    except NotFound:
        platform.bindings.release_binding(dataset_id)
    except (Unavailable, Unauthenticated, Forbidden) as error:
        # its commit may exist: whoever binds next with better rights carries it to its end
        _log.warning("binding of dataset %s waits: %s", dataset_id, error.message)
        return False
    except LabsetError as error:
        _log.warning("binding of dataset %s is given up: %s", dataset_id, error.message)
    return True


def _settle_upload(platform: Platform, dataset_id: DatasetId, upload_id: UploadId) -> bool:
    session = platform.uploads.find_upload(dataset_id, upload_id)
    if session is None:
        return False
    now = platform.clock.now()
    claimed = platform.uploads.begin_commit(upload_id, now, now + COMMIT_LEASE)
    if claimed is None:
        return False
    if session.state is not UploadState.COMMITTING:
        reason = "not committed within 24 hours"
        platform.uploads.end_upload(upload_id, UploadState.FAILED, reason=reason)
        placement = platform.bindings.find_placement(dataset_id)
        if placement is not None:
            drop_staged(platform, placement, upload_id)
        return True
    try:
        files = list(platform.uploads.list_upload_files(upload_id))
        settle(platform, Actor(claimed.token), claimed, files)
    except Unavailable as error:
        _log.warning("upload %s waits: %s", upload_id, error.message)
        return False
    except LabsetError as error:
        _log.warning("upload %s ended without a commit: %s", upload_id, error.message)
    return True
