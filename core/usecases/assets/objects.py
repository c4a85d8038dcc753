"""Find and open the bytes of an asset, wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import DataMissing, NotFound
from core.model.access import Actor
from core.model.assets import Asset, AssetFile, PinnedFile
from core.model.storage import ByteRange, OpenObject, Placement
from core.ports import AssetPlatform
from core.usecases.assets.finding import find_asset
from core.usecases.assets.placing import open_kept_placement


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """Bytes that this asset database keeps."""

    asset: Asset
    file: AssetFile
    placement: Placement


@dataclass(frozen=True, slots=True)
class PinnedBytes:
    """Bytes that a dataset keeps, whose own doors decide who may have them."""

    asset: Asset
    pinned: PinnedFile


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Bytes that another server of the same records keeps, and gives at `url`."""

    asset: Asset
    url: str


FoundObject = KeptBytes | PinnedBytes | Elsewhere


def find_object(house: AssetPlatform, actor: Actor, asset_id: str) -> FoundObject:
    """Return where the bytes of an asset lie that the caller may see.

    Raises:  NotFound ("File not found"), also where nobody here keeps them; DataMissing.
    """
    try:
        asset = find_asset(house, actor, asset_id)
    except NotFound as missing:
        raise NotFound("File not found", code=missing.code) from missing
    is_ours = asset.assets_db_id == house.rules.assets_db_id
    if not is_ours and (asset.file or asset.pinned) and asset.public_url:
        _check_is_elsewhere(house, asset)
        return Elsewhere(asset, asset.public_url)
    if is_ours and asset.pinned is not None:
        return PinnedBytes(asset, asset.pinned)
    if not is_ours or asset.file is None:
        raise _no_bytes(asset)
    return KeptBytes(asset, asset.file, open_kept_placement(house, asset.file.site_id))


def open_object(
    house: AssetPlatform, kept: KeptBytes, byte_range: ByteRange | None = None
) -> OpenObject:
    """Open the bytes of an asset, or a range of them; they are checked as they go out.

    Raises:  DataMissing, Damaged, RangeUnsatisfiable.
    """
    file = kept.file
    try:
        return house.objects.open(
            kept.placement, file.md5, file.size_bytes, byte_range, slot=file.slot
        )
    except DataMissing as missing:
        raise _bytes_missing(kept) from missing


def check_object_there(house: AssetPlatform, kept: KeptBytes) -> None:
    """Ask the site whether it holds the bytes, without reading them.

    Raises:  DataMissing, also where there are other bytes in their place.
    """
    file = kept.file
    if house.objects.find_size(kept.placement, file.md5, slot=file.slot) != file.size_bytes:
        raise _bytes_missing(kept)


def _bytes_missing(kept: KeptBytes) -> DataMissing:
    return DataMissing(
        f"The entry of {kept.asset.name.name} is there, its bytes are not on the storage site "
        f"{kept.placement.site.name}: upload the same file again.",
        details={"asset": kept.asset.id, "md5": kept.file.md5.hex},
    )


def _check_is_elsewhere(house: AssetPlatform, asset: Asset) -> None:
    """Refuse to send anybody from here to here: this server was that database, and lost its id."""
    if asset.public_url.startswith(f"{house.rules.base_url}/"):
        raise DataMissing(
            f"The bytes belong to the asset database {asset.assets_db_id}, which was at this address "
            "before: whoever runs it gives it its id again, by LABSET_ASSETS_DB_ID.",
            details={"asset": asset.id, "assets_db_id": asset.assets_db_id},
        )


def _no_bytes(asset: Asset) -> NotFound:
    where = f": the asset lies at {asset.public_url}" if asset.public_url else ""
    return NotFound(f"File not found{where}", details={"url": asset.public_url})
