"""The API for programs: blueprints by subject."""

from __future__ import annotations

from app.api import (
    archive,
    croissant,
    datasets,
    dvc_remote,
    files,
    health,
    history,
    hooks,
    hugging_face,
    identity,
    jobs,
    manifest,
    metrics,
    namespaces,
    openapi,
    rearranging,
    sites,
    uploads,
    verification,
)
from app.api.assets import entries as asset_entries
from app.api.assets import objects as asset_objects
from app.api.assets import of_datasets as dataset_assets
from app.api.assets import registry

BLUEPRINTS = (
    namespaces.blueprint,
    datasets.blueprint,
    history.blueprint,
    files.blueprint,
    uploads.blueprint,
    rearranging.blueprint,
    archive.blueprint,
    asset_entries.blueprint,
    asset_objects.blueprint,
    dataset_assets.blueprint,
    registry.blueprint,
    manifest.blueprint,
    croissant.blueprint,
    verification.blueprint,
    sites.blueprint,
    dvc_remote.blueprint,
    hugging_face.blueprint,
    identity.blueprint,
    jobs.blueprint,
    hooks.blueprint,
    health.blueprint,
    metrics.blueprint,
    openapi.blueprint,
)
