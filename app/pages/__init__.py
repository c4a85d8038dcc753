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
)
