"""What asset databases and their registry say, as frozen values; `document` is the JSON itself.

Other people's servers are read as well: what they leave out is empty here.
Source:  seed 001 (AssetObject, AssetsDBRegistry).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from labset.model import moment

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asset:
    """One entry of an asset database.

    `uri` is `name:version-tag`, or empty where a part is missing: then the entry is found by its `id`.
    `registry_id` names the registered database that answered, where others were searched.
    Units:   `size` in bytes; None where nobody told.
    """

    id: str
    uri: str
    name: str
    version: str
    tag: str
    metadata: Json
    tags: tuple[str, ...]
    file_info: Json
    public_url: str
    assets_db_id: str
    visibility: str
    owner: str
    created_at: datetime | None
    updated_at: datetime | None
    registry_id: str = ""
    document: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> str:
        """What finds it again: its URI, else its id."""
        return self.uri or self.id

    @property
    def size(self) -> int | None:
        """How many bytes the file has."""
        size = self.file_info.get("size")
        return size if isinstance(size, int) and not isinstance(size, bool) else None

    @property
    def md5(self) -> str:
        """The file's md5 in lower-case hex digits; empty where nobody told."""
        return _text(self.file_info, "md5").lower()

    @property
    def sha256(self) -> str:
        """The file's sha256, as `md5`."""
        return _text(self.file_info, "sha256").lower()

    @classmethod
    def parse(cls, row: Json) -> Asset:
        """Read a document of the asset database."""
        version = _mapping(row, "asset_version")
        return cls(
            id=_text(row, "asset_id"),
            uri=_text(row, "asset_uri"),
            name=_text(row, "asset_name"),
            version=_text(version, "version"),
            tag=_text(version, "tag"),
            metadata=_mapping(row, "asset_metadata"),
            tags=_texts(row, "asset_tags"),
            file_info=_mapping(row, "asset_file_info"),
            public_url=_text(row, "asset_public_url"),
            assets_db_id=_text(row, "assets_db_id"),
            visibility=_text(row, "visibility"),
            owner=_text(row, "owner"),
            created_at=_moment(row, "created_at"),
            updated_at=_moment(row, "updated_at"),
            registry_id=_text(row, "asset_registry_id"),
            document=row,
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said of a new asset; an empty `visibility` leaves it to the server.

    Servers take away blanks around name, version and tag: they are not here in the first place.
    """

    name: str
    version: str = ""
    tag: str = ""
    metadata: Json = field(default_factory=dict)
    tags: Sequence[str] = ()
    visibility: str = ""
    public_url: str = ""

    def __post_init__(self) -> None:
        for part in ("name", "version", "tag"):
            object.__setattr__(self, part, getattr(self, part).strip())

    @property
    def uri(self) -> str:
        """`name:version-tag`, or "" where a part is missing."""
        return f"{self.name}:{self.version}-{self.tag}" if self.version and self.tag else ""

    def document(self) -> dict[str, Any]:
        """Return it in the seed's words; ours only where they are needed."""
        told: dict[str, Any] = {
            "asset_name": self.name,
            "asset_version": {"version": self.version, "tag": self.tag},
            "asset_metadata": dict(self.metadata),
            "asset_tags": list(self.tags),
        }
        if self.public_url:
            told["asset_public_url"] = self.public_url
        if self.visibility:
            told["visibility"] = self.visibility
        return told


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file of an asset that is here, and what it was checked by: `sha256`, `md5`, or nothing, if nothing was told.

    Units:   size in bytes. `unchanged`: it was here already.
    """

    path: Path
    size: int
    checked_by: tuple[str, ...]
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """One look at an asset database; `problem` is empty where it answered well."""

    ok: bool
    checked_at: datetime | None = None
    seconds: float | None = None
    problem: str = ""

    @classmethod
    def parse(cls, row: Json) -> Health:
        """Read `health`, the data of `/check_health/<id>`, or what another server has of its own."""
        seconds = row.get("seconds")
        return cls(
            ok=_is_healthy(row),
            checked_at=_moment(row, "checked_at"),
            seconds=float(seconds) if isinstance(seconds, int | float) else None,
            problem=_text(row, "problem"),
        )


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """An asset database that the registry knows; `health` is the last look, None before the first."""

    id: str
    name: str
    url: str
    metadata: Json
    tags: tuple[str, ...]
    health: Health | None
    owner: str
    created_at: datetime | None
    updated_at: datetime | None
    document: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, row: Json) -> RegistryEntry:
        """Read a document of the registry."""
        health = row.get("health")
        return cls(
            id=_text(row, "asset_registry_id"),
            name=_text(row, "asset_registry_name"),
            url=_text(row, "asset_registry_public_url"),
            metadata=_mapping(row, "asset_registry_metadata"),
            tags=_texts(row, "asset_registry_tags"),
            health=Health.parse(health) if isinstance(health, dict) else None,
            owner=_text(row, "owner"),
            created_at=_moment(row, "created_at"),
            updated_at=_moment(row, "updated_at"),
            document=row,
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at an asset database showed, and the looks before it, newest first."""

    health: Health
    history: tuple[Health, ...] = ()
    document: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, row: Json) -> Checked:
        """Read the data of `/check_health/<id>`."""
        looks = row.get("history")
        rows = [one for one in looks if isinstance(one, dict)] if isinstance(looks, list) else []
        return cls(Health.parse(row), tuple(Health.parse(one) for one in rows), row)


@dataclass(frozen=True, slots=True)
class Asked:
    """One registered database that was searched: whether it answered, and how many it found."""

    registry_id: str
    name: str
    ok: bool
    seconds: float | None
    problem: str
    found: int

    @classmethod
    def parse(cls, row: Json) -> Asked:
        """Read one of `asked`."""
        seconds, found = row.get("seconds"), row.get("found")
        return cls(
            _text(row, "asset_registry_id"),
            _text(row, "asset_registry_name"),
            bool(row.get("ok")),
            float(seconds) if isinstance(seconds, int | float) else None,
            _text(row, "problem"),
            found if isinstance(found, int) else 0,
        )


@dataclass(frozen=True, slots=True)
class NotAsked:
    """One registered database that a search left out, and why."""

    registry_id: str
    name: str
    problem: str

    @classmethod
    def parse(cls, row: Json) -> NotAsked:
        """Read one of `not_asked`."""
        return cls(
            _text(row, "asset_registry_id"),
            _text(row, "asset_registry_name"),
            _text(row, "problem"),
        )


@dataclass(frozen=True, slots=True)
class OtherAnswers:
    """What registered databases answered, which were asked, and which were not.

    `further_not_asked` counts those that were left out and are not named.
    """

    assets: tuple[Asset, ...]
    asked: tuple[Asked, ...]
    not_asked: tuple[NotAsked, ...] = ()
    further_not_asked: int = 0


def _is_healthy(row: Json) -> bool:
    for name, good in (("ok", True), ("status", "healthy"), ("success", True)):
        if name in row:
            return bool(row[name] == good)
    return True  # it answered, and told no problem in words that we know


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _texts(row: Json, name: str) -> tuple[str, ...]:
    value = row.get(name)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _mapping(row: Json, name: str) -> Json:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _moment(row: Json, name: str) -> datetime | None:
    try:
        return moment(_text(row, name))
    except ValueError:
        return None  # of a server that writes its times otherwise
