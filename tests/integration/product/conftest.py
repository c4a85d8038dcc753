"""The whole product, running: what `make run` starts, on ports of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bench.stack import Running, running_stack


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
def new_dataset(alice: Person, s3_site: int) -> Callable[..., int]:
    """Make datasets in `lab`, bound to the S3 site unless told otherwise."""

    def make(*, site: int | None = s3_site, **fields: object) -> int:
        name = f"test {secrets.token_hex(6)}"
        body = {"name": name, "namespace": "lab", "kind": "album", **fields}
        made = alice.json("POST", "/datasets", 201, json=body)
        if site is not None:
            alice.json("PUT", f"/datasets/{made['id']}/storage-site", json={"site_id": site})
        return int(made["id"])

    return make
