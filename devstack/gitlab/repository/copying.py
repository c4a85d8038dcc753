"""Copying a repository that may be in use: its refs as they are now, then every object they can need."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from devstack.gitlab.repository.opening import open_repository

if TYPE_CHECKING:
    from devstack.gitlab.state import Server


def copy_repository(server: Server, source_id: int, target_id: int) -> None:
    """Fill the repository of one project with what another one holds; begun again, it goes on.

    Objects are never removed from the source, so whatever its refs named at the start can be copied.
    """
    source = open_repository(server, source_id)
    target = open_repository(server, target_id)
    refs = {
        name: source.references[name].target
        for name in source.references
        if name.startswith(("refs/heads/", "refs/tags/"))
    }
    bring_objects(server, source_id, target_id)
    target = open_repository(server, target_id)
    for name, oid in refs.items():
        target.references.create(name, oid, force=True)


def bring_objects(server: Server, source_id: int, target_id: int) -> None:
    """Let the repository of one project know every object of another one's; no ref moves."""
    source, target = server.repository_path(source_id), server.repository_path(target_id)
    _copy_missing(source / "objects", target / "objects")


def _copy_missing(source: Path, target: Path) -> None:
    for folder, _, files in os.walk(source):
        into = target / Path(folder).relative_to(source)
        if "incoming-" in folder:
            continue
        into.mkdir(parents=True, exist_ok=True)
        for name in files:
            if name.startswith("tmp_") or (into / name).exists():
                continue
            draft = into / f"tmp_{name}"
            shutil.copy2(Path(folder) / name, draft)
            draft.replace(into / name)
