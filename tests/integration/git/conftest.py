"""One look-alike GitLab for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitlab_bridge.history import GitHistory
from tests.integration.git.forge import Forge, Project
from tests.servers import gitlab_server


@pytest.fixture(scope="package")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with gitlab_server(tmp_path_factory.mktemp("gitlab")) as server:
        yield Forge(server)


@pytest.fixture
def history(forge: Forge, tmp_path: Path) -> GitHistory:
    return forge.history(tmp_path / "mirrors")


@pytest.fixture
def project(forge: Forge, tmp_path: Path) -> Project:
    """Return a private project without a commit, with a clone."""
    made = forge.project()
    made.clone_into(tmp_path / "clone")
    return made
