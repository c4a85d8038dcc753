"""Assets and registry entries as the API shows them and as filters see them: one and the same.

Source:  seed 001 (AssetObject, AssetsDBRegistry); `visibility`, `owner`, `dataset_id` (of the visibility
"dataset"), `health` and times are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from core.model.assets import Asset, AssetFile
from core.model.filters.queries import DocumentShape
from core.model.json_values import JsonValue
from core.model.registry import HealthCheck, RegistryEntry

ASSET_SHAPE = DocumentShape(id_field="asset_id", version_field="asset_version.version")
REGISTRY_SHAPE = DocumentShape(id_field="asset_registry_id")


def asset_document(asset: Asset) -> dict[str, JsonValue]:
    """Return what `GET /asset/<uri>` answers as data."""
    document: dict[str, JsonValue] = {
        "asset_uri": asset.name.uri,
        "asset_name": asset.name.name,
        "asset_id": asset.id,
        "assets_db_id": asset.assets_db_id,
        "asset_version": {"version": asset.name.version, "tag": asset.name.tag},
        "asset_metadata": dict(asset.metadata),
        "asset_public_url": asset.public_url,
        "asset_file_info": dict(_file_info(asset)),
        "asset_tags": list(asset.tags),
        "visibility": asset.visibility.value,
        "owner": asset.owner_name,
        "created_at": moment_text(asset.created_at),
        "updated_at": moment_text(asset.updated_at),
    }
    if asset.dataset_id is not None:
        document["dataset_id"] = asset.dataset_id.number
    return document


def registry_document(entry: RegistryEntry) -> dict[str, JsonValue]:
    """Return what `GET /asset_registry/<id>` answers as data."""
    return {
        "asset_registry_id": entry.id,
        "asset_registry_name": entry.name,
        "asset_registry_metadata": dict(entry.metadata),
        "asset_registry_tags": list(entry.tags),
        "asset_registry_public_url": entry.public_url,
        "health": None if entry.health is None else health_document(entry.health),
        "owner": entry.owner_name,
        "created_at": moment_text(entry.created_at),
        "updated_at": moment_text(entry.updated_at),
    }


def health_document(check: HealthCheck) -> dict[str, JsonValue]:
    """Return one look at an asset database."""
    return {
        "ok": check.ok,
        "checked_at": moment_text(check.checked_at),
        "seconds": round(check.seconds, 3),
        "problem": check.problem,
    }


def moment_text(moment: datetime) -> str:
    """Return a time in UTC to the second; these texts sort as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def file_document(file: AssetFile) -> dict[str, JsonValue]:
    """Return what is told of bytes that Labset keeps; pictures have a width and a height."""
    told: dict[str, JsonValue] = {
        "size": file.size_bytes,
        "md5": file.md5.hex,
        "sha256": file.sha256,
        "format": file.format,
        "file_name": file.file_name,
    }
    if file.width is not None and file.height is not None:
        told |= {"width": file.width, "height": file.height}
    return told


def _file_info(asset: Asset) -> Mapping[str, JsonValue]:
    return dict(asset.more_file_info) | (file_document(asset.file) if asset.file else {})
