"""The dataset as a DVC remote: objects by their md5, under this dataset's own placement only."""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import NotFound
from core.model.access import Actor
from core.model.names import DatasetId, Md5
from core.model.storage import ByteRange, OpenObject, Placement, StoredObject
from core.ports import Platform
from core.usecases.access.opening import (
    Needs,
    open_dataset,
    open_placement,
    open_placement_to_write,
)

_MD5_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"


def open_remote(platform: Platform, actor: Actor, dataset_id: DatasetId) -> Placement:
    """Return the placement to somebody who holds both keys for reading."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.READ)
    return open_placement(platform, actor, dataset)


def find_object_size(
    platform: Platform, placement: Placement, md5: Md5, *, legacy: bool = False
) -> int:
    """Return the object's size in bytes.

    An answer without bytes is complete before anything could be proven: an object that has lost them
    all counts as missing.
    Raises:  NotFound; the same whether or not another dataset holds it.
    """
    size_bytes = platform.objects.find_size(placement, md5, legacy=legacy)
    if size_bytes is None or (size_bytes == 0 and md5.hex != _MD5_OF_NOTHING):
        raise NotFound(f"This dataset holds no object {md5}.", code="object_not_found")
    return size_bytes


def open_remote_object(
    platform: Platform,
    placement: Placement,
    md5: Md5,
    size_bytes: int,
    byte_range: ByteRange | None = None,
    *,
    legacy: bool = False,
) -> OpenObject:
    """Open an object's verified bytes."""
    return platform.objects.open(placement, md5, size_bytes, byte_range, legacy=legacy)


def put_remote_object(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    md5: Md5,
    chunks: Iterable[bytes],
    size_bytes: int | None,
) -> StoredObject:
    """Store what `dvc push` sends; it has a name only once its bytes match it."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.WRITE)
    placement = open_placement_to_write(platform, actor, dataset, fresh=False)
    return platform.objects.put(placement, chunks, expected=md5, size_bytes=size_bytes)
