"""Make, change and delete entries; their bytes lie where they lie."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from core.errors import Invalid
from core.model.access import Actor, Person
from core.model.assets import Asset, AssetVisibility
from core.model.external_urls import check_external_url
from core.model.names import DatasetId
from core.ports import AssetPlatform
from core.usecases.access.ownership import check_writer
from core.usecases.assets.drafts import AssetChanges, AssetDraft
from core.usecases.assets.finding import find_asset
from core.usecases.assets.rights import check_may_change_asset, check_visibility

_ID_BYTES = 16


def create_external(house: AssetPlatform, actor: Actor, draft: AssetDraft) -> Asset:
    """Keep an entry whose bytes lie elsewhere, at `draft.public_url`, or of which nothing is known.

    Raises:  Unauthenticated, Forbidden, Invalid; Conflict (`asset_exists`).
    """
    owner = check_writer(house, actor)
    check_external_url(draft.public_url, house.rules.allowed_hosts)
    asset = new_asset(house, actor, owner, draft)
    house.assets.create_asset(asset)
    return asset


def change_asset(
    house: AssetPlatform,
    actor: Actor,
    uri_or_id: str,
    read_changes: Callable[[Asset], AssetChanges],
) -> Asset:
    """Change what `read_changes` says of the asset as it is now; its identity stays.

    Raises:  NotFound, Unauthenticated, Forbidden, Invalid; Conflict, if somebody else was faster.
    """
    asset = find_asset(house, actor, uri_or_id)
    check_may_change_asset(house, actor, asset)
    changes = read_changes(asset)
    if changes.public_url:
        check_external_url(changes.public_url, house.rules.allowed_hosts)
    visibility, dataset_id = _changed_visibility(asset, changes)
    if (visibility, dataset_id) != (asset.visibility, asset.dataset_id):
        check_visibility(house, actor, asset.owner_id, visibility, dataset_id)
    now = house.clock.now()
    changed = replace(
        _changed(asset, changes),
        visibility=visibility,
        dataset_id=dataset_id,
        updated_at=max(now, asset.updated_at + timedelta(microseconds=1)),
    )
    house.assets.replace_asset(changed, seen_at=asset.updated_at)
    return changed


def delete_asset(house: AssetPlatform, actor: Actor, uri_or_id: str) -> Asset:
    """Forget an entry; bytes that no other one names are collected later.

    Raises:  NotFound, Unauthenticated, Forbidden.
    """
    asset = find_asset(house, actor, uri_or_id)
    check_may_change_asset(house, actor, asset)
    house.assets.delete_asset(asset.id, house.clock.now())
    return asset


def new_asset(house: AssetPlatform, actor: Actor, owner: Person | None, draft: AssetDraft) -> Asset:
    """Return the entry that a draft makes, with an id of its own and not kept yet.

    Raises:  Invalid, NotFound: its visibility is none that the caller can give.
    """
    visibility = draft.visibility or house.rules.visibility
    owner_id = owner.id if owner else None
    check_visibility(house, actor, owner_id, visibility, draft.dataset_id)
    now = house.clock.now()
    return Asset(
        id=secrets.token_hex(_ID_BYTES),
        assets_db_id=house.rules.assets_db_id,
        name=draft.name,
        visibility=visibility,
        owner_id=owner_id,
        owner_name=owner.username if owner else "",
        created_at=now,
        updated_at=now,
        metadata=draft.metadata,
        tags=draft.tags,
        public_url=draft.public_url,
        dataset_id=draft.dataset_id,
        more_file_info=draft.more_file_info,
    )


def _changed_visibility(
    asset: Asset, changes: AssetChanges
) -> tuple[AssetVisibility, DatasetId | None]:
    if changes.visibility is None:
        return asset.visibility, asset.dataset_id
    wanted = (changes.visibility, changes.dataset_id)
    if asset.pinned is not None and wanted != (asset.visibility, asset.dataset_id):
        raise Invalid(
            "This asset is a file of a dataset: whoever may read the dataset sees it.",
            details={"field": "visibility"},
        )
    return wanted


def _changed(asset: Asset, changes: AssetChanges) -> Asset:
    """Return the asset with what the changes name."""
    if changes.metadata is not None:
        asset = replace(asset, metadata=changes.metadata)
    if changes.tags is not None:
        asset = replace(asset, tags=changes.tags)
    if changes.public_url is not None:
        asset = replace(asset, public_url=changes.public_url)
    if changes.more_file_info is not None:
        asset = replace(asset, more_file_info=changes.more_file_info)
    return asset
