"""What requests say of assets: read once, with the seed's own words where something is missing.

Source:  seed 001 (AssetObject), COMPAT 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import Invalid
from core.model.asset_documents import asset_document
from core.model.assets import (
    MAX_ASSET_METADATA_BYTES,
    MAX_ASSET_TAGS,
    Asset,
    AssetName,
    AssetVisibility,
)
from core.model.document_fields import (
    check_fields,
    check_not_stale,
    read_object,
    read_tags,
    read_text,
)
from core.model.json_values import JsonValue
from core.model.names import DatasetId

_TAKEN = frozenset(
    {
        "asset_name",
        "asset_version",
        "asset_metadata",
        "asset_tags",
        "asset_public_url",
        "asset_file_info",
        "visibility",
        "dataset_id",
    }
)
_LASTING = dict.fromkeys(
    ("asset_name", "asset_version", "asset_uri"), "upload a new version instead"
)
_GIVEN = ("asset_id", "assets_db_id", "owner", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class AssetDraft:
    """What a request may say of a new asset; None: as the installation has it by default."""

    name: AssetName
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    visibility: AssetVisibility | None = None
    dataset_id: DatasetId | None = None
    public_url: str = ""
    more_file_info: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssetChanges:
    """What to change of an asset; None leaves it. `dataset_id` goes with the visibility DATASET."""

    metadata: Mapping[str, JsonValue] | None = None
    tags: tuple[str, ...] | None = None
    visibility: AssetVisibility | None = None
    dataset_id: DatasetId | None = None
    public_url: str | None = None
    more_file_info: Mapping[str, JsonValue] | None = None


def read_draft(
    body: Mapping[str, JsonValue], *, needs_version: bool, default: AssetName | None = None
) -> AssetDraft:
    """Read a new asset from a JSON object. Blanks around name, version and tag are taken away.

    `default` has what stands where the body leaves out a name, version or tag.
    Raises:  Invalid, TooLarge; nothing that the server gives may be said.
    """
    name = _read_name(body, default)
    if needs_version and not (name.version and name.tag):
        raise Invalid(
            "Both version and tag are required in asset_version",
            details={"field": "asset_version"},
        )
    check_fields(body, taken=_TAKEN, given={"asset_uri": name.uri, **dict.fromkeys(_GIVEN)})
    visibility, dataset_id = _read_visibility(body)
    return AssetDraft(
        name=name,
        metadata=_read_object(body, "asset_metadata"),
        tags=_read_tags(body),
        visibility=visibility,
        dataset_id=dataset_id,
        public_url=_read_url(body),
        more_file_info=_read_object(body, "asset_file_info"),
    )


def read_changes(body: Mapping[str, JsonValue], asset: Asset) -> AssetChanges:
    """Read what to change of an asset. Null empties metadata, tags and file info.

    Whoever sends back what he got, with changes, is understood: what is as it was is left.
    Raises:  Invalid, TooLarge; identity, and what is measured of kept bytes, never change; Conflict, if
             somebody changed it since.
    """
    check_not_stale(body, asset.updated_at)
    taken = {"asset_metadata", "asset_tags", "visibility", "dataset_id"}
    if asset.file is None and asset.pinned is None:
        taken |= {"asset_public_url", "asset_file_info"}
    check_fields(body, taken=taken, given=_unchanging(asset, taken), lasting=_LASTING)
    visibility, dataset_id = _read_visibility(body, known=asset.dataset_id)
    said = taken & body.keys()
    return AssetChanges(
        metadata=_read_object(body, "asset_metadata") if "asset_metadata" in said else None,
        tags=_read_tags(body) if "asset_tags" in said else None,
        visibility=visibility,
        dataset_id=dataset_id,
        public_url=_read_url(body) if "asset_public_url" in said else None,
        more_file_info=_read_object(body, "asset_file_info") if "asset_file_info" in said else None,
    )


def _unchanging(asset: Asset, taken: set[str]) -> Mapping[str, JsonValue]:
    return {name: value for name, value in asset_document(asset).items() if name not in taken}


def _read_name(body: Mapping[str, JsonValue], default: AssetName | None) -> AssetName:
    version = body.get("asset_version")
    if version is None:
        version = {}
    if not isinstance(version, dict):
        raise Invalid(
            'asset_version must be an object: {"version": "1.0", "tag": "initial"}.',
            details={"field": "asset_version"},
        )
    check_fields(version, taken={"version", "tag"}, given={})
    texts = [
        read_text(body, "asset_name"),
        read_text(version, "version"),
        read_text(version, "tag"),
    ]
    stripped = [text.strip() for text in texts]
    if default is not None:
        instead = (default.name, default.version, default.tag)
        stripped = [text or other for text, other in zip(stripped, instead, strict=True)]
    return AssetName(*stripped)


def _read_object(body: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    return read_object(body.get(name), name, MAX_ASSET_METADATA_BYTES)


def _read_tags(body: Mapping[str, JsonValue]) -> tuple[str, ...]:
    return read_tags(body.get("asset_tags"), "asset_tags", MAX_ASSET_TAGS)


def _read_url(body: Mapping[str, JsonValue]) -> str:
    return read_text(body, "asset_public_url").strip()


def _read_visibility(
    body: Mapping[str, JsonValue], *, known: DatasetId | None = None
) -> tuple[AssetVisibility | None, DatasetId | None]:
    text, number = read_text(body, "visibility"), body.get("dataset_id")
    if text and text not in {one.value for one in AssetVisibility}:
        raise Invalid(
            f"visibility is one of {', '.join(one.value for one in AssetVisibility)}.",
            details={"field": "visibility"},
        )
    visibility = AssetVisibility(text) if text else None
    if number is None and visibility is not AssetVisibility.DATASET:
        return visibility, None
    if number is None and known is not None:
        number = known.number
    if number is None:
        raise Invalid(
            "Say by dataset_id whose readers may see the asset.", details={"field": "dataset_id"}
        )
    if isinstance(number, bool) or not isinstance(number, int):
        raise Invalid("dataset_id is a whole number.", details={"field": "dataset_id"})
    if visibility not in {None, AssetVisibility.DATASET}:
        raise Invalid(
            'dataset_id goes with the visibility "dataset" alone.', details={"field": "dataset_id"}
        )
    return AssetVisibility.DATASET, DatasetId(number)
