"""The whole product, running: what `make run` starts, on ports of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stack import Running, running_stack
from tests.integration.product.asset_calls import Assets, Caller
from tests.integration.product.hub import Repository

NewDataset = Callable[..., int]  # takes what POST /datasets takes


@dataclass(frozen=True)
class Person:
    """One of the demo's people with an HTTP client in his name."""

    name: str
    token: str
    http: httpx.Client

    def json(self, method: str, path: str, status: int = 200, **options: Any) -> Any:  # noqa: ANN401 - any JSON
        """Call the API and expect a status; return its JSON."""
        answer = self.http.request(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One stack with demo data for all tests of the product."""
    with running_stack(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture(scope="session")
def person(stack: Running) -> Iterator[Callable[[str], Person]]:
    """Return alice, bob, carol, root or nobody."""
    made: dict[str, Person] = {}

    def find(name: str) -> Person:
        if name not in made:
            token = _token(stack, name)
            headers = {"PRIVATE-TOKEN": token} if token else {}
            client = httpx.Client(base_url=stack.api, headers=headers, timeout=60)
            made[name] = Person(name, token, client)
        return made[name]

    yield find
    for one in made.values():
        one.http.close()


def _token(stack: Running, name: str) -> str:
    if name == "nobody":
        return ""
    if name == "root":
        return str(stack.ready["root_token"])
    return str(stack.ready["users"][name]["token"])


@pytest.fixture(scope="package")
def assets(stack: Running) -> Iterator[Caller]:
    """Return the routes of the asset database as alice, bob, carol, root or nobody calls them."""
    made: dict[str, httpx.Client] = {}

    def find(name: str) -> Assets:
        if name not in made:
            token = _token(stack, name)
            headers = {"PRIVATE-TOKEN": token} if token else {}
            url = stack.ready["app_url"]
            made[name] = httpx.Client(base_url=url, headers=headers, timeout=60)
        return Assets(made[name])

    yield find
    for one in made.values():
        one.close()


@pytest.fixture
def alice(person: Callable[[str], Person]) -> Person:
    """Owner of the demo's groups."""
    return person("alice")


@pytest.fixture
def bob(person: Callable[[str], Person]) -> Person:
    """A member of nothing."""
    return person("bob")


@pytest.fixture
def carol(person: Callable[[str], Person]) -> Person:
    """Developer of the group `lab`."""
    return person("carol")


@pytest.fixture
def nobody(person: Callable[[str], Person]) -> Person:
    """Somebody without a token."""
    return person("nobody")


@pytest.fixture
def s3_site(alice: Person) -> int:
    """The id of the demo's S3 site."""
    return next(
        int(one["id"]) for one in alice.json("GET", "/storage-sites") if one["kind"] == "s3"
    )


@pytest.fixture
def local_site(alice: Person) -> int:
    """The id of the demo's folder site."""
    sites = alice.json("GET", "/storage-sites")
    return next(int(one["id"]) for one in sites if one["kind"] == "local")


@pytest.fixture
def new_dataset(alice: Person, s3_site: int) -> NewDataset:
    """Make datasets in `lab`, bound to the S3 site unless told otherwise."""

    def make(*, site: int | None = s3_site, **fields: object) -> int:
        name = f"test {secrets.token_hex(6)}"
        body = {"name": name, "namespace": "lab", "kind": "album", **fields}
        made = alice.json("POST", "/datasets", 201, json=body)
        if site is not None:
            alice.json("PUT", f"/datasets/{made['id']}/storage-site", json={"site_id": site})
        return int(made["id"])

    return make


@pytest.fixture
def repository(carol: Person, new_dataset: NewDataset) -> Repository:
    dataset = new_dataset()
    base = f"/datasets/{dataset}"
    files = {
        "README.md": "# Seams of line 3, measured in µm\n".encode(),
        "data/train/1 ä#1.bin": secrets.token_bytes(300_000),
        "data/train/2.bin": secrets.token_bytes(10),
        "data/empty.bin": b"",
        "model.bin": secrets.token_bytes(5_000),
    }
    parts = [("file", (name, data)) for name, data in files.items()]
    old = carol.json("POST", f"{base}/files", 201, files=parts)["commit"]
    carol.json("POST", f"{base}/tags", 201, json={"name": "v1", "ref": old, "message": "first"})
    files["model.bin"] = secrets.token_bytes(6_000)
    new = carol.json("PUT", f"{base}/files/model.bin", content=files["model.bin"])["commit"]
    name = carol.json("GET", base)["path_with_namespace"]
    return Repository(dataset, name, old, new, files)


@pytest.fixture
def hub(stack: Running, carol: Person, tmp_path: Path) -> dict[str, Any]:
    """What every call of the library is told: where, who, and a cache of this test's own."""
    return {
        "endpoint": stack.ready["app_url"],
        "token": carol.token,
        "repo_type": "dataset",
        "cache_dir": tmp_path / "cache",
    }
