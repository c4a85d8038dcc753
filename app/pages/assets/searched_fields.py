"""The fields that the pages of assets and of the registry look through, and their short names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.model.asset_documents import ASSET_SHAPE, REGISTRY_SHAPE
from core.model.filters.queries import DocumentShape


@dataclass(frozen=True, slots=True)
class Collection:
    """What is particular about the documents that a page looks through.

    `searched` are the fields in which words are looked for, `short` the names that the builder knows for
    fields, `prefix` is where any other name is looked for, `texts` are fields that hold nothing but text,
    `numbers` those of which only numbers and sizes are asked.
    """

    shape: DocumentShape
    searched: tuple[str, ...]
    tags: str
    short: Mapping[str, str]
    own: frozenset[str]
    prefix: str
    texts: frozenset[str]
    numbers: frozenset[str] = frozenset()


ASSETS = Collection(
    shape=ASSET_SHAPE,
    searched=("asset_name", "asset_tags", "asset_metadata.description"),
    tags="asset_tags",
    short={
        "name": "asset_name",
        "version": "asset_version.version",
        "tag": "asset_version.tag",
        "tags": "asset_tags",
        "size": "asset_file_info.size",
        "format": "asset_file_info.format",
        "width": "asset_file_info.width",
        "height": "asset_file_info.height",
        "file_name": "asset_file_info.file_name",
        "md5": "asset_file_info.md5",
        "sha256": "asset_file_info.sha256",
        "url": "asset_public_url",
        "id": "asset_id",
    },
    own=frozenset(
        (
            *("asset_uri", "asset_name", "asset_id", "assets_db_id", "asset_version"),
            *("asset_metadata", "asset_public_url", "asset_file_info", "asset_tags"),
            *("visibility", "owner", "created_at", "updated_at"),
        )
    ),
    prefix="asset_metadata.",
    texts=frozenset(
        (
            *("asset_uri", "asset_name", "asset_id", "assets_db_id", "asset_tags"),
            *("asset_version.version", "asset_version.tag", "asset_public_url"),
            *("visibility", "owner", "created_at", "updated_at", "asset_file_info.file_name"),
            *("asset_file_info.format", "asset_file_info.md5", "asset_file_info.sha256"),
        )
    ),
    numbers=frozenset(("asset_file_info.size", "asset_file_info.width", "asset_file_info.height")),
)

REGISTRY = Collection(
    shape=REGISTRY_SHAPE,
    searched=(
        "asset_registry_name",
        "asset_registry_tags",
        "asset_registry_metadata.description",
        "asset_registry_public_url",
    ),
    tags="asset_registry_tags",
    short={},
    own=frozenset(),
    prefix="asset_registry_metadata.",
    texts=frozenset(),
)


def full_name(name: str, of: Collection = ASSETS) -> str:
    """Return the field that somebody means: ours by its name, any other one in the metadata."""
    name = name.strip()
    if name in of.short:
        return of.short[name]
    return name if name.split(".")[0] in of.own or name.startswith("$") else f"{of.prefix}{name}"
