"""One running stack for all tests of the client, and people who type commands."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.stack import Running, running_stack
from labset import Client
from tests.integration.house.checkout import ROOT


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return what it printed, which has to be JSON; it has to have worked."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True)
class Typist:
    """Somebody at a shell of an own home, signed in by the environment."""

    home: Path
    environment: Mapping[str, str]

    def run(
        self,
        *words: str | Path | int,
        input: str = "",  # noqa: A002 - as subprocess calls it
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Ran:
        """Run `labset` with these words."""
        done = subprocess.run(
            [sys.executable, "-m", "labset", *map(str, words)],
            env={**self.environment, **(environment or {})},
            cwd=cwd or self.home,
            input=input,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)


def shell_environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a shell in a home of its own, on a machine without a keyring."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "LABSET_CACHE": str(home / "cache"),
        **more,
    }


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack with demo data."""
    anywhere_here = {"LABSET_ALLOWED_HOSTS": "127.0.0.1"}  # S3, and wires in front of it
    with running_stack(tmp_path_factory.mktemp("client"), anywhere_here) as running:
        yield running


@pytest.fixture(scope="package")
def app_url(stack: Running) -> str:
    """The address of the Labset."""
    return str(stack.ready["app_url"])


@pytest.fixture(scope="package")
def demo(stack: Running) -> Mapping[str, Any]:
    """The demo dataset: `dataset_id`, `tag`, `file`."""
    found: Mapping[str, Any] = stack.ready["demo"]
    return found


@pytest.fixture
def token_of(stack: Running) -> Callable[[str], str]:
    """Return the token of alice, bob or carol."""
    return lambda name: str(stack.ready["users"][name]["token"])


@pytest.fixture
def typist(tmp_path: Path, app_url: str, token_of: Callable[[str], str]) -> Callable[[str], Typist]:
    """Return somebody at a shell; nobody has no token."""

    def find(name: str) -> Typist:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        token = {} if name == "nobody" else {"LABSET_TOKEN": token_of(name)}
        return Typist(home, shell_environment(home, LABSET_URL=app_url, **token))

    return find


@pytest.fixture
def alice(typist: Callable[[str], Typist]) -> Typist:
    """Owner of the demo's groups."""
    return typist("alice")


@pytest.fixture
def client(app_url: str, token_of: Callable[[str], str]) -> Iterator[Client]:
    """Alice in Python."""
    with Client(app_url, token_of("alice")) as made:
        yield made


@pytest.fixture(scope="package")
def s3_site(stack: Running) -> int:
    """The id of the demo's S3 site."""
    return _site_of(stack, "s3")


@pytest.fixture(scope="package")
def local_site(stack: Running) -> int:
    """The id of the demo's folder site."""
    return _site_of(stack, "local")


@pytest.fixture
def new_dataset(client: Client, s3_site: int) -> Callable[..., int]:
    """Make datasets in `lab`, on the S3 site unless told otherwise."""

    def make(*, site: int | None = s3_site, tags: Sequence[str] = ()) -> int:
        name = f"client {secrets.token_hex(6)}"
        return client.create(name, "lab", tags=tags, site_id=site).id

    return make


def _site_of(stack: Running, kind: str) -> int:
    with Client(str(stack.ready["app_url"]), stack.token) as made:
        rows = made.connection.get_pages("storage-sites")
        return next(int(row["id"]) for row in rows if row["kind"] == kind)
