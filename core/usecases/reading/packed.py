"""Packed folders: one `.dir` pointer whose listing lies on the storage site."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from core.model.content import MAX_DIR_LISTING_BYTES, Pointer, parse_dir_listing
from core.model.names import DatasetId, FilePath, Md5
from core.model.storage import Placement
from core.ports import Objects

_KEPT_FILES = 300_000  # of all listings together: some 70 MB

_lock = Lock()
_listings: OrderedDict[tuple[DatasetId, Md5, FilePath], Mapping[FilePath, Md5]] = OrderedDict()


def read_packed(
    objects: Objects, placement: Placement, folder: FilePath, pointer: Pointer
) -> Mapping[FilePath, Md5]:
    """Return the files of a packed folder by path.

    The newest few listings are kept in memory: a listing is named by its md5 and never changes.
    The placement is the proof that the caller was asked for both keys.
    Raises:  DataMissing, Damaged, TooLarge.
    """
    key = (placement.dataset_id, pointer.md5, folder)
    with _lock:
        if key in _listings:
            _listings.move_to_end(key)
            return _listings[key]
    data = objects.read(placement, pointer.md5, limit_bytes=MAX_DIR_LISTING_BYTES)
    listing = dict(parse_dir_listing(data, folder))
    with _lock:
        _listings[key] = listing
        while len(_listings) > 1 and sum(map(len, _listings.values())) > _KEPT_FILES:
            _listings.popitem(last=False)
    return listing
