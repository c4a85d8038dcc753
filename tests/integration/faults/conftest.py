"""One Labset for the faults, behind its two wires."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.faults.world import World, open_world


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole product with real processes, for all tests of this folder."""
    with open_world(tmp_path_factory.mktemp("faults")) as opened:
        yield opened
