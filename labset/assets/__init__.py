"""Asset databases and their registry, by the routes of seed 001: of a Labset or of anybody else."""

from labset.assets.database import Assets
from labset.assets.model import (
    Asked,
    Asset,
    Checked,
    Fetched,
    Health,
    NotAsked,
    OtherAnswers,
    RegistryEntry,
)
from labset.assets.registry import Registry

__all__ = [
    "Asked",
    "Asset",
    "Assets",
    "Checked",
    "Fetched",
    "Health",
    "NotAsked",
    "OtherAnswers",
    "Registry",
    "RegistryEntry",
]
