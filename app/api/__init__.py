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

BLUEPRINTS = (
    namespaces.blueprint,
    datasets.blueprint,
    history.blueprint,
    files.blueprint,
    uploads.blueprint,
    rearranging.blueprint,
    archive.blueprint,
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
