"""GitLab's rights, both keys, and the contract's table of answers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

REPORTER, DEVELOPER = 20, 30


class GitLab:
    """The look-alike in alice's name, where memberships change."""

    def __init__(self, stack: Running) -> None:
        """Speak to the stack's GitLab."""
        self._http = httpx.Client(
            base_url=f"{stack.ready['gitlab_url']}/api/v4",
            headers={"PRIVATE-TOKEN": stack.token},
        )

    def close(self) -> None:
        """End the conversation."""
        self._http.close()

    def user(self, name: str) -> int:
        """Return a person's id."""
        return int(self._http.get("/users", params={"username": name}).json()[0]["id"])

    def add(self, project: int, name: str, level: int) -> None:
        """Make somebody a member of a project."""
        body = {"user_id": self.user(name), "access_level": level}
        assert self._http.post(f"/projects/{project}/members", json=body).status_code == 201

    def remove(self, project: int, name: str) -> None:
        """End a membership."""
        url = f"/projects/{project}/members/{self.user(name)}"
        assert self._http.delete(url).status_code == 204


@pytest.fixture
def gitlab(stack: Running) -> Iterator[GitLab]:
    """GitLab itself."""
    gitlab = GitLab(stack)
    yield gitlab
    gitlab.close()


@pytest.fixture
def filled(alice: Person, new_dataset: NewDataset) -> int:
    """A private dataset with one file on the site and one in git."""
    dataset = new_dataset()
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")
    alice.json("PUT", f"/datasets/{dataset}/files/note.md", 201, content=b"text")
    return dataset


def routes(dataset: int) -> list[tuple[str, str]]:
    base = f"/datasets/{dataset}"
    return [
        ("GET", base),
        ("GET", f"{base}/refs"),
        ("GET", f"{base}/commits"),
        ("GET", f"{base}/tree"),
        ("GET", f"{base}/files/a.bin"),
        ("HEAD", f"{base}/files/a.bin"),
        ("GET", f"{base}/archive"),
        ("PUT", f"{base}/files/b.bin"),
        ("DELETE", f"{base}/files/a.bin"),
        ("POST", f"{base}/files"),
        ("PATCH", base),
        ("DELETE", base),
    ]


def test_who_cannot_see_a_dataset_hears_that_it_does_not_exist(bob: Person, filled: int) -> None:
    for method, url in routes(filled):
        options: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = bob.http.request(method, url, **options)
        assert answer.status_code == 404, f"{method} {url}: {answer.status_code}"
        unknown = bob.http.request(method, url.replace(str(filled), "99999"), **options)
        assert unknown.status_code == 404
    dvc = bob.http.get(f"{_root(bob)}/dvc/{filled}/files/md5")
    assert dvc.status_code == 404


def test_a_reporter_reads_and_hears_why_he_cannot_write(
    bob: Person, filled: int, gitlab: GitLab, s3_site: int
) -> None:
    gitlab.add(filled, "bob", REPORTER)
    gitlab.add(s3_site, "bob", REPORTER)
    try:
        eventually(lambda: bob.http.get(f"/datasets/{filled}/files/a.bin").status_code == 200)
        refused = bob.json("PUT", f"/datasets/{filled}/files/b.bin", 403, content=b"x")
        assert refused["error"] == "forbidden"
        assert "Developer" in refused["details"]["why"]
        assert "alice" in refused["details"]["ask"]
        shown = bob.json("GET", f"/datasets/{filled}")["permissions"]
        assert shown["read"] == {"allowed": True}
        assert not shown["write"]["allowed"]
        assert "alice" in shown["write"]["ask"]
    finally:
        gitlab.remove(s3_site, "bob")
        gitlab.remove(filled, "bob")
    started = time.monotonic()
    eventually(lambda: bob.http.get(f"/datasets/{filled}/files/a.bin").status_code == 404)
    assert time.monotonic() - started < 10


def test_the_key_that_is_missing_is_named(bob: Person, filled: int, gitlab: GitLab) -> None:
    gitlab.add(filled, "bob", DEVELOPER)
    eventually(lambda: bob.http.get(f"/datasets/{filled}").status_code == 200)
    assert bob.http.get(f"/datasets/{filled}/files/note.md").content == b"text"
    assert bob.http.get(f"/datasets/{filled}/tree").status_code == 200
    file = f"/datasets/{filled}/files/a.bin"
    eventually(lambda: bob.http.get(file).status_code == 403)  # an earlier yes is kept for 5 s
    refused = bob.json("GET", file, 403)
    assert refused["error"] == "site_access"
    assert "lab-s3" in refused["message"]
    assert "alice" in refused["details"]["ask"]
    refused = bob.json("PUT", f"/datasets/{filled}/files/b.bin", 403, content=b"x")
    assert "lab-s3" in refused["details"]["why"]
    shown = bob.json("GET", f"/datasets/{filled}")["permissions"]
    assert "lab-s3" in shown["read"]["why"]


def test_nobody_gets_bytes_only_where_both_are_public(
    nobody: Person, alice: Person, root_public_site: int, new_dataset: NewDataset, s3_site: int
) -> None:
    both = new_dataset(site=root_public_site, visibility="public")
    half = new_dataset(site=s3_site, visibility="public")
    for dataset in (both, half):
        alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")
    assert nobody.http.get(f"/datasets/{both}/files/a.bin").content == b"bytes"
    assert nobody.json("GET", f"/datasets/{half}/files/a.bin", 403)["error"] == "site_access"
    assert nobody.http.get(f"/datasets/{half}/tree").status_code == 200
    assert nobody.json("PUT", f"/datasets/{both}/files/b.bin", 401, content=b"x")


@pytest.fixture
def root_public_site(alice: Person, stack: Running) -> int:
    """A public S3 site of the group `lab`."""
    s3 = stack.ready["s3"]
    body = {
        "name": f"open-{secrets.token_hex(4)}",
        "namespace": "lab",
        "visibility": "public",
        "kind": "s3",
        "url": f"s3://{s3['bucket']}/open",
        "endpoint": s3["endpoint"],
        "public_endpoint": s3["endpoint"],
        "region": "us-east-1",
        "credentials": {"access_key": s3["access_key"], "secret_key": s3["secret_key"]},
    }
    return int(alice.json("POST", "/storage-sites", 201, json=body)["id"])


def test_a_token_that_gitlab_refuses_is_401_by_every_door(stack: Running, filled: int) -> None:
    url = f"{stack.api}/datasets/{filled}"
    for headers in (
        {"Authorization": "Bearer nonsense"},
        {"PRIVATE-TOKEN": "nonsense"},
        {"Cookie": "tokenGitLab=nonsense"},
    ):
        assert httpx.get(url, headers=headers).status_code == 401
    assert httpx.get(url, auth=("anybody", "nonsense")).status_code == 401


def test_every_door_lets_the_token_in(stack: Running, filled: int) -> None:
    url = f"{stack.api}/datasets/{filled}/files/a.bin"
    for headers in (
        {"Authorization": f"Bearer {stack.token}"},
        {"PRIVATE-TOKEN": stack.token},
        {"Cookie": f"tokenGitLab={stack.token}"},
    ):
        assert httpx.get(url, headers=headers).content == b"bytes"
    assert httpx.get(url, auth=("anybody", stack.token)).content == b"bytes"


def test_a_cookie_alone_changes_nothing(stack: Running, filled: int) -> None:
    url = f"{stack.api}/datasets/{filled}/files/c.bin"
    cookie = {"Cookie": f"tokenGitLab={stack.token}"}
    answer = httpx.put(url, headers=cookie, content=b"x")
    assert answer.status_code == 403
    assert answer.json()["error"] == "csrf"


def test_the_topics_of_labset_are_no_tags(alice: Person, filled: int) -> None:
    assert alice.json("GET", f"/datasets/{filled}")["tags"] == []


def eventually(holds: Callable[[], bool], limit_seconds: float = 10) -> None:
    deadline = time.monotonic() + limit_seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.2)


def _root(who: Person) -> str:
    return str(who.http.base_url).removesuffix("/api/v1/")
