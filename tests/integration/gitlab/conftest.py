from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gitlab.world import Caller, World
from tests.servers import gitlab_server


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One server for all tests: each makes its own people and projects."""
    with gitlab_server(tmp_path_factory.mktemp("gitlab")) as server:
        yield World(server.url, Caller(server.url, server.root_token))
