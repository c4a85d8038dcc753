"""Attackers against the running product: each test has an honest twin and looks at what was done."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.stack import Running
from tests.integration.attacks.hostile import Repository
from tests.integration.attacks.watching import Watch
from tests.integration.browser.conftest import sign_in
from tests.integration.product.conftest import (
    Person,
    alice,
    bob,
    carol,
    local_site,
    new_dataset,
    nobody,
    person,
    s3_site,
    stack,
)

__all__ = [
    "alice",
    "bob",
    "carol",
    "local_site",
    "new_dataset",
    "nobody",
    "person",
    "s3_site",
    "sign_in",
    "stack",
]


@pytest.fixture
def watch(stack: Running) -> Watch:
    """What the web processes take while something is tried."""
    return Watch(int(stack.ready["pids"]["web"]))


@pytest.fixture
def repository(stack: Running, tmp_path: Path) -> Callable[[Person, int], Repository]:
    """Clone a dataset's repository as somebody who may push anything that git takes."""

    def clone(who: Person, dataset: int) -> Repository:
        path = who.json("GET", f"/datasets/{dataset}")["path_with_namespace"]
        host = str(stack.ready["gitlab_url"]).removeprefix("http://")
        folder = tmp_path / secrets.token_hex(4)
        return Repository(f"http://{who.name}:{who.token}@{host}/{path}.git", folder)

    return clone


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that appears only if somebody's command was run."""
    return tmp_path / f"run-{os.getpid()}"
