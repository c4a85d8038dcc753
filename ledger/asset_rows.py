"""The row of an asset, and the asset of a row."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from core.model.asset_documents import asset_document
from core.model.assets import Asset, AssetFile, AssetName, AssetVisibility, PinnedFile
from core.model.names import DatasetId, FilePath, Md5, Revision, SiteId
from ledger.database import AnyRow
from ledger.filtering.rewriting import with_version_key
from ledger.filtering.terms import terms_of

_FILE_FIELDS = ("size", "md5", "sha256", "format", "file_name", "width", "height")


def uri_key(uri: str) -> str | None:
    """Return what stands in the index for a URI; None for none."""
    return sha256(uri.encode("utf-8", "replace")).hexdigest() if uri else None


def asset_row(asset: Asset) -> dict[str, Any]:
    """Return the columns of an entry, all but its number."""
    document = with_version_key(asset_document(asset), asset.name.version)
    return {
        "id": asset.id,
        "assets_db_id": asset.assets_db_id,
        "uri_key": uri_key(asset.name.uri),
        "name": asset.name.name,
        "visibility": asset.visibility.value,
        "owner_id": asset.owner_id,
        "dataset_id": asset.dataset_id.number if asset.dataset_id else None,
        "site_id": asset.file.site_id.number if asset.file else None,
        "md5": asset.file.md5.hex if asset.file else None,
        "slot": asset.file.slot if asset.file else "",
        "created_at": asset.created_at,
        "updated_at": asset.updated_at,
        "document": document,
        "pinned_revision": asset.pinned.revision.sha if asset.pinned else None,
        "pinned_path": asset.pinned.path.text if asset.pinned else None,
        "terms": sorted(terms_of(document)),
    }


def asset_of(row: AnyRow) -> Asset:
    """Return the entry that a row keeps."""
    told = row.document
    info = dict(told["asset_file_info"])
    file = None if row.md5 is None else _file_of(row.site_id, row.slot, info)
    return Asset(
        id=row.id,
        assets_db_id=row.assets_db_id,
        name=AssetName(row.name, **told["asset_version"]),
        visibility=AssetVisibility(row.visibility),
        owner_id=row.owner_id,
        owner_name=told["owner"],
        created_at=row.created_at,
        updated_at=row.updated_at,
        metadata=told["asset_metadata"],
        tags=tuple(told["asset_tags"]),
        file=file,
        public_url=told["asset_public_url"],
        dataset_id=None if row.dataset_id is None else DatasetId(row.dataset_id),
        pinned=_pinned_of(row),
        more_file_info={key: info[key] for key in info if not file or key not in _FILE_FIELDS},
    )


def _pinned_of(row: AnyRow) -> PinnedFile | None:
    if row.pinned_revision is None:
        return None
    return PinnedFile(
        DatasetId(row.dataset_id), Revision(row.pinned_revision), FilePath(row.pinned_path)
    )


def _file_of(site_id: int, slot: str, info: Mapping[str, Any]) -> AssetFile:
    return AssetFile(
        site_id=SiteId(site_id),
        size_bytes=info["size"],
        md5=Md5(info["md5"]),
        sha256=info["sha256"],
        format=info["format"],
        file_name=info["file_name"],
        width=info.get("width"),
        height=info.get("height"),
        slot=slot,
    )
