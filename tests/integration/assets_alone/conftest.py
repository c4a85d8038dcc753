from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.assets_alone.servers import Server, serving, write_tokens
from tests.integration.database.fixtures import postgres_server
from tests.storage_servers import BUCKET, S3Server, seaweed_server

__all__ = ["postgres_server"]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with seaweed_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


def bucket_of(s3: S3Server, prefix: str) -> dict[str, str]:
    """Return the variables of a store in the bucket."""
    return {
        "LABSET_ASSETS_STORE": f"s3://{BUCKET}/{prefix}",
        "LABSET_ASSETS_S3_ENDPOINT": s3.endpoint,
        "LABSET_ASSETS_S3_ACCESS_KEY": s3.access_key,
        "LABSET_ASSETS_S3_SECRET_KEY": s3.secret_key,
    }


@pytest.fixture(scope="module", params=("folder", "s3"))
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """An open asset database, over a folder and over S3."""
    folder = tmp_path_factory.mktemp("open")
    more = {"LABSET_ASSETS_OPEN": "1"}
    if request.param == "s3":
        more |= bucket_of(request.getfixturevalue("s3"), "open")
    with serving(folder / "home", more) as server:
        yield server


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An asset database with tokens."""
    folder: Path = tmp_path_factory.mktemp("closed")
    with serving(folder / "home", {"LABSET_ASSETS_TOKENS": str(write_tokens(folder))}) as server:
        yield server
