"""Pages for people: blueprints by subject."""

from __future__ import annotations

from flask import Blueprint

from app.pages import (
    access,
    asset_entries,
    assets,
    binding,
    changes,
    datasets,
    files,
    history,
    new_assets,
    refusals,
    registry,
    session,
    sites,
    uploads,
)

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
    assets.blueprint,
    new_assets.blueprint,
    asset_entries.blueprint,
    registry.blueprint,
)
