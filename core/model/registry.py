"""The registry: other asset databases that people may find and whose health is looked after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.model.json_values import JsonValue, check_json


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
        check_json(dict(self.metadata), "asset_registry_metadata")
        check_json([*self.tags, self.name, self.public_url], "asset_registry_tags")
