"""Pages for people: blueprints by subject."""

from __future__ import annotations

from flask import Blueprint

from app.pages import (
    access,
    binding,
    changes,
    datasets,
    files,
    history,
    refusals,
    session,
    sites,
    uploads,
)
from app.pages.assets import entries as asset_entries
from app.pages.assets import listing as asset_listing
from app.pages.assets import new as new_assets
from app.pages.registry import entries as registry_entries

BLUEPRINTS: tuple[Blueprint, ...] = (
    session.blueprint,
    datasets.blueprint,
    files.blueprint,
    changes.blueprint,
    history.blueprint,
    access.blueprint,
    refusals.blueprint,
    binding.blueprint,
    uploads.blueprint,
    sites.blueprint,
    asset_listing.blueprint,
    new_assets.blueprint,
    asset_entries.blueprint,
    registry_entries.blueprint,
)
