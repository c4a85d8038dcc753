"""Assets that are files of datasets: which a file is, and what the datasets are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.errors import Unavailable
from core.model.access import Actor
from core.model.asset_documents import ASSET_SHAPE
from core.model.assets import Asset
from core.model.filters.queries import parse_query
from core.model.names import DatasetId
from core.ports import AssetPlatform, Platform
from core.usecases.assets.finding import query_assets
from core.usecases.datasets.naming import name_datasets
from core.usecases.reading.browse import FileFacts

_LOOKED_AMONG = 20


def pinned_assets(house: AssetPlatform, actor: Actor, facts: FileFacts) -> Sequence[Asset]:
    """Return the assets that were registered from a path with the bytes that it has now.

    They are found by the md5, for which there is an index; where that takes too long, none are told.
    """
    if facts.row.md5 is None:
        return ()
    same_bytes = parse_query(
        {"asset_file_info.md5": facts.row.md5.hex}, limit=_LOOKED_AMONG, fields_of=ASSET_SHAPE
    )
    try:
        found = query_assets(house, actor, same_bytes).items
    except Unavailable:
        return ()
    here = (facts.dataset.id, facts.row.path)
    return [one for one in found if one.pinned and (one.pinned.dataset_id, one.pinned.path) == here]


def dataset_names(
    platform: Platform, actor: Actor, entries: Iterable[Asset]
) -> Mapping[DatasetId, str]:
    """Return what the datasets are called whose files these are, where the caller may see them.

    Where GitLab does not answer, none are told: the entries say their numbers then.
    """
    wanted = {entry.pinned.dataset_id for entry in entries if entry.pinned}
    try:
        return name_datasets(platform, actor, sorted(wanted))
    except Unavailable:
        return {}
