"""What datasets are called, as far as somebody may see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from core.model.access import AccessLevel, Actor
from core.model.names import DatasetId
from core.ports import Platform

_ASKED_AT_ONCE = 8


def name_datasets(
    platform: Platform, actor: Actor, wanted: Collection[DatasetId]
) -> Mapping[DatasetId, str]:
    """Return the names of those that GitLab shows the caller, like `lab / VITVI`.

    A few are asked at once; an answer of some seconds' age serves.
    Raises:  Unavailable, Unauthenticated.
    """

    def name(dataset_id: DatasetId) -> str | None:
        dataset = platform.directory.find_dataset(
            actor, dataset_id, at_least=AccessLevel.NONE, fresh=False
        )
        return f"{dataset.namespace.full_path} / {dataset.name}" if dataset else None

    if not wanted:
        return {}
    with ThreadPoolExecutor(_ASKED_AT_ONCE, thread_name_prefix="naming") as pool:
        names = pool.map(name, wanted)
        return {one: told for one, told in zip(wanted, names, strict=True) if told is not None}
