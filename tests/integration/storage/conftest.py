from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.conformance.objects.world import World, folder_world, s3_world
from tests.integration.storage.faulty import FaultyProxy, faulty_proxy
from tests.storage_servers import S3Server, seaweed_server


@pytest.fixture(scope="package")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweed_server(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def bucket(seaweed: S3Server) -> World:
    """A new dataset in a bucket."""
    return s3_world("seaweed", seaweed)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A new dataset in a folder."""
    return folder_world(tmp_path_factory.mktemp("folder"))


@pytest.fixture
def proxy(seaweed: S3Server) -> Iterator[FaultyProxy]:
    """A proxy that can misbehave."""
    with faulty_proxy(seaweed.endpoint) as running:
        yield running


@pytest.fixture
def proxied(seaweed: S3Server, proxy: FaultyProxy) -> World:
    """A new dataset behind the proxy."""
    return s3_world("proxied", replace(seaweed, endpoint=proxy.endpoint))
