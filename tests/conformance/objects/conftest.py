from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.objects.world import World, fake_world, folder_world, s3_world
from tests.storage_servers import S3Server, rclone_server, seaweed_server


@pytest.fixture(scope="package")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweed_server(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="package")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone_server(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(params=("seaweed", "rclone", "folder", "fake"))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Each kind of site in turn, with a dataset that is new."""
    kind = str(request.param)
    if kind == "folder":
        return folder_world(tmp_path_factory.mktemp("folder"))
    if kind == "fake":
        return fake_world()
    return s3_world(kind, request.getfixturevalue(kind))
