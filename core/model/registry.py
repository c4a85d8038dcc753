"""The registry: other asset databases that people may find and whose health is looked after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Invalid
from core.model.json_values import JsonValue, check_json

MAX_REGISTRY_NAME_CHARACTERS = 255
MAX_REGISTRY_TAGS = 100
MAX_REGISTRY_METADATA_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One look at another asset database; `problem` is None where it answered well."""

    checked_at: datetime
    seconds: float
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it answered as healthy."""
        return self.problem is None


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One registered asset database; `health` is the last check."""

    id: str
    name: str
    public_url: str
    owner_id: int | None
    owner_name: str
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    health: HealthCheck | None = None

    def __post_init__(self) -> None:
        check_registry_name(self.name)
        check_json(dict(self.metadata), "asset_registry_metadata")
        check_json([*self.tags, self.name, self.public_url], "asset_registry_tags")


def check_registry_name(name: str) -> None:
    """Raise Invalid for what no registered database can be called."""
    details = {"field": "asset_registry_name"}
    if not name.strip():
        raise Invalid("asset_registry_name is required", details=details)
    if len(name) > MAX_REGISTRY_NAME_CHARACTERS or not name.isprintable():
        raise Invalid(
            f"asset_registry_name has at most {MAX_REGISTRY_NAME_CHARACTERS} printable characters.",
            details=details,
        )
