"""Register a file of a dataset, at one revision, as an asset: the dataset keeps bytes and rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from core.errors import Conflict, Invalid
from core.model.access import Actor
from core.model.assets import Asset, AssetName, AssetVisibility, PinnedFile
from core.model.json_values import JsonValue
from core.model.names import DatasetId, FilePath, Ref
from core.ports import AssetPlatform, Platform
from core.usecases.access.ownership import check_writer
from core.usecases.assets.drafts import AssetDraft, read_draft
from core.usecases.assets.entries import new_asset
from core.usecases.assets.recognizing import recognized
from core.usecases.assets.uploading import check_same
from core.usecases.reading.download import FoundFile, find_file

_SHORT_DIGITS = 8


def register_file(
    house: AssetPlatform,
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    ref: Ref | None,
    path: FilePath,
    body: Mapping[str, JsonValue],
) -> Asset:
    """Keep an entry for a file that the caller may read; registered again, it is the entry there is.

    `body` may say more, as for any asset. Without a name it is the file's, without a version the
    ref's name, without a tag the first 8 digits of the commit.
    Raises:  what `find_file` does; Unauthenticated, Forbidden, Invalid, TooLarge; Conflict (`asset_exists`).
    """
    owner = check_writer(house, actor)
    found = find_file(platform, actor, dataset_id, ref, path)
    draft = _drafted(house, found, read_draft(body, needs_version=True, default=_name(found, ref)))
    told = {**draft.more_file_info, **recognized(house, platform, found)}
    asset = replace(
        new_asset(house, actor, owner, replace(draft, more_file_info=told)),
        pinned=PinnedFile(dataset_id, found.revision, path),
    )
    try:
        house.assets.create_asset(asset)
    except Conflict as conflict:
        there = house.assets.find_asset(asset.assets_db_id, asset.name.uri)
        if there is None or conflict.code != "asset_exists":
            raise
        check_same(house, actor, owner, there, asset)
        return there
    return asset


def pinned_url(base_url: str, pinned: PinnedFile) -> str:
    """Return the address that gives the same bytes for ever."""
    place = f"{base_url}/api/v1/datasets/{pinned.dataset_id}/files/{quote(pinned.path.text)}"
    return f"{place}?ref={pinned.revision}"


def _name(found: FoundFile, ref: Ref | None) -> AssetName:
    short = found.revision.sha[:_SHORT_DIGITS]
    if ref is None or found.revision.sha.startswith(ref.name):
        return AssetName(found.path.name, short, short)
    return AssetName(found.path.name, ref.name, short)


def _drafted(house: AssetPlatform, found: FoundFile, draft: AssetDraft) -> AssetDraft:
    """Return the draft with what the dataset knows better."""
    dataset_id = found.dataset.id
    if draft.public_url or draft.more_file_info:
        raise Invalid(
            "asset_public_url and asset_file_info of a file of a dataset are given by the server.",
            details={"field": "asset_public_url" if draft.public_url else "asset_file_info"},
        )
    if draft.visibility not in {None, AssetVisibility.DATASET} or draft.dataset_id not in {
        None,
        dataset_id,
    }:
        raise Invalid(
            'Whoever may read the dataset sees this asset: leave visibility out, or say "dataset".',
            details={"field": "visibility"},
        )
    pinned = PinnedFile(dataset_id, found.revision, found.path)
    return replace(
        draft,
        visibility=AssetVisibility.DATASET,
        dataset_id=dataset_id,
        public_url=pinned_url(house.rules.base_url, pinned),
        more_file_info={
            "size": found.size_bytes,
            "md5": found.md5.hex,
            "file_name": found.path.name,
        },
    )
