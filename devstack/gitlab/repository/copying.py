"""Copying a repository that may be in use: its refs as they are now, then every object they can need."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from devstack.gitlab.repository.opening import create_repository, open_repository

if TYPE_CHECKING:
    from devstack.gitlab.state import Server


def copy_repository(server: Server, source_id: int, target_id: int, default_branch: str) -> None:
    """Fill the repository of one project with what another one holds; objects are never removed, so none can lack."""
    source = open_repository(server, source_id)
    refs = {
        name: source.references[name].target
        for name in source.references
        if name.startswith(("refs/heads/", "refs/tags/"))
    }
    target_path = server.repository_path(target_id)
    shutil.rmtree(target_path, ignore_errors=True)
    create_repository(server, target_id, default_branch)
    objects = Path(source.path) / "objects"
    shutil.copytree(
        objects,
        target_path / "objects",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("tmp_*", "incoming-*"),
    )
    target = open_repository(server, target_id)
    for name, oid in refs.items():
        target.references.create(name, oid)
