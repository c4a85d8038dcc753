"""Assets: named, versioned, tagged files of the asset database, found again by what is told of them.

Source:  seed 001 (the asset database's schema), COMPAT 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.errors import Invalid
from core.model.json_values import JsonValue, check_json, is_one_line
from core.model.names import DatasetId, FilePath, Md5, Revision, SiteId

MAX_ASSET_TEXT_CHARACTERS = 255
MAX_ASSET_TAGS = 100
MAX_ASSET_METADATA_BYTES = 64 * 1024


class AssetVisibility(StrEnum):
    """Who may read an asset; `dataset`: whoever may read the dataset that it points into."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PRIVATE = "private"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class AssetName:
    """What an asset is called; each part is text of at most 255 characters without control characters.

    Version and tag may be empty: then there is no URI and the asset is found by its id.
    """

    name: str
    version: str = ""
    tag: str = ""

    def __post_init__(self) -> None:
        for label, text in (("name", self.name), ("version", self.version), ("tag", self.tag)):
            if len(text) > MAX_ASSET_TEXT_CHARACTERS or not is_one_line(text):
                raise Invalid(
                    f"asset_{label} has at most {MAX_ASSET_TEXT_CHARACTERS} characters, in one line.",
                    details={"field": f"asset_{label}"},
                )
        if not self.name.strip():
            raise Invalid("asset_name is required", details={"field": "asset_name"})

    @property
    def uri(self) -> str:
        """`name:version-tag`, or "" where a part is missing."""
        return f"{self.name}:{self.version}-{self.tag}" if self.version and self.tag else ""


@dataclass(frozen=True, slots=True)
class AssetFile:
    """Bytes that the asset database keeps itself, at a site, below its own placement there.

    `format` is sniffed (`image/png`); width and height in pixels. `slot` is where they lie, if they
    are not named by their md5.
    """

    site_id: SiteId
    size_bytes: int
    md5: Md5
    sha256: str
    format: str
    file_name: str = ""
    width: int | None = None
    height: int | None = None
    slot: str = ""

    @property
    def kept(self) -> KeptObject:
        """The object that these bytes are."""
        return KeptObject(self.site_id, self.md5, self.slot)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """What the first bytes of a file show; width and height in pixels, of pictures."""

    media_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file of a dataset at one revision: the bytes of an asset that was registered from there."""

    dataset_id: DatasetId
    revision: Revision
    path: FilePath


@dataclass(frozen=True, slots=True, order=True)
class KeptObject:
    """Bytes of one asset database at one site: under a slot, or named by their md5 as everywhere."""

    site_id: SiteId
    md5: Md5
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """One entry. `file` is None for external assets, whose `public_url` may be "" as well.

    `public_url` is where anybody is sent for the bytes: the external address, or
    `<base address>/asset-object/<id>` of the server that keeps them (several may share the records).
    `more_file_info` is what an external asset's maker told of its file beside what Labset measures.
    `owner_id` is the GitLab user's id (None: made on a trusted network without a token).
    `dataset_id` is set where the visibility is DATASET. `pinned` is a file of that dataset at one
    revision, of which the entry tells and whose bytes the dataset keeps.
    """

    id: str
    assets_db_id: str
    name: AssetName
    visibility: AssetVisibility
    owner_id: int | None
    owner_name: str
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    file: AssetFile | None = None
    public_url: str = ""
    dataset_id: DatasetId | None = None
    pinned: PinnedFile | None = None
    more_file_info: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.tags) > MAX_ASSET_TAGS:
            raise Invalid(
                f"An asset has at most {MAX_ASSET_TAGS} tags.", details={"field": "asset_tags"}
            )
        check_json(dict(self.metadata), "asset_metadata")
        check_json(dict(self.more_file_info), "asset_file_info")
        check_json([*self.tags, self.public_url, self.owner_name], "asset_tags")
