"""`labset remote` and the real dvc."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.stack import Running
from tests.integration.labset.conftest import Typist

BIN = Path(sys.executable).parent


def run(folder: Path, *command: str) -> str:
    environment = os.environ | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder.parent / "site-cache"),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def clone(alice: Typist, stack: Running) -> Path:
    """A clone of the demo dataset without a token for DVC."""
    token = alice.environment["LABSET_TOKEN"]
    url = stack.ready["gitlab_url"].replace("://", f"://alice:{token}@")
    run(alice.home, "git", "clone", "-q", f"{url}/lab/vitvi.git", "vitvi")
    return alice.home / "vitvi"


def test_dvc_pulls_with_the_token_that_it_was_given(
    alice: Typist, clone: Path, stack: Running
) -> None:
    demo: Mapping[str, Any] = stack.ready["demo"]
    inside = clone / "dataset"
    local = clone / ".dvc" / "config.local"
    local.write_text("[cache]\n    dir = ../../kept\n", encoding="utf-8")
    done = alice.run("remote", demo["dataset_id"], "--json", cwd=inside).json()
    assert done == {"remote": "labset", "config": str(local)}
    assert stat.S_IMODE(local.stat().st_mode) == 0o600
    run(clone, "dvc", "pull", "-q", f"{demo['file']}.dvc")
    assert (clone / demo["file"]).stat().st_size > 0
    assert list((alice.home / "kept").rglob("*"))  # the cache that the file named before
    token = alice.environment["LABSET_TOKEN"]
    assert run(clone, "dvc", "config", "--local", "remote.labset.password") == f"Bearer {token}\n"
    assert run(clone, "git", "status", "--porcelain") == ""


def test_it_is_refused_elsewhere_in_words(alice: Typist, clone: Path, stack: Running) -> None:
    dataset = stack.ready["demo"]["dataset_id"]
    outside = alice.run("remote", dataset)
    assert outside.code == 2
    assert "clone the dataset with git" in outside.err
    other = alice.run("remote", dataset + 1, cwd=clone)
    assert other.code == 2
    assert f"no remote of dataset {dataset + 1}" in other.err
    nobody = {"LABSET_TOKEN": ""}
    assert alice.run("remote", dataset, cwd=clone, environment=nobody).code == 3
    assert not (clone / ".dvc" / "config.local").exists()
