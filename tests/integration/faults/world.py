"""One whole Labset of one's own behind two wires: to GitLab and to S3."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from bench.stack import Running, running_stack
from tests.integration.faults.wire import Wire
from tests.servers import free_port

BUCKET_PREFIX = "datasets"


@dataclass(frozen=True)
class Person:
    """Somebody with a token and a client."""

    name: str
    token: str
    http: httpx.Client

    def json(self, method: str, path: str, status: int = 200, **options: Any) -> Any:  # noqa: ANN401 - any JSON
        """Call the API and expect a status; return its JSON."""
        answer = self.http.request(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class World:
    """The running product, the two wires, and who acts in it."""

    running: Running
    gitlab: Wire
    s3: Wire
    alice: Person
    bob: Person
    root: Person
    s3_site: int
    local_site: int

    @property
    def app_url(self) -> str:
        """Where Labset answers."""
        return str(self.running.ready["app_url"])

    @property
    def pids(self) -> dict[str, int]:
        """The processes as they are now; what fell has a new number."""
        ready = json.loads((self.running.home / "ready.json").read_text(encoding="utf-8"))
        return dict(ready["pids"])

    def web_children(self) -> list[int]:
        """Return gunicorn's worker processes."""
        master = self.pids["web"]
        with suppress(FileNotFoundError, ProcessLookupError):
            text = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii")
            return [int(word) for word in text.split()]
        return []

    def kill_web_children(self) -> None:
        """Kill -9 all that answer requests now; their master starts others."""
        for pid in self.web_children():
            kill(pid)

    def new_dataset(self, site: int | None = None, **fields: object) -> int:
        """Make a dataset of alice, bound to the S3 site behind the wire unless told otherwise."""
        dataset = self.new_unbound_dataset(**fields)
        body = {"site_id": self.s3_site if site is None else site}
        self.alice.json("PUT", f"/datasets/{dataset}/storage-site", json=body)
        return dataset

    def new_unbound_dataset(self, **fields: object) -> int:
        """Make a dataset of alice without a storage site."""
        body = {"name": f"fault {secrets.token_hex(6)}", "namespace": "lab", **fields}
        return int(self.alice.json("POST", "/datasets", 201, json=body)["id"])

    def repository(self, dataset: int) -> Path:
        """Return GitLab's own bare repository of a dataset."""
        return self.running.home / "gitlab" / "repositories" / f"{dataset}.git"

    def git(self, dataset: int, *arguments: str, text: str | None = None) -> str:
        """Run git in GitLab's own repository and return what it prints."""
        command = ["git", "-C", str(self.repository(dataset)), *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        return done.stdout

    def gitlab_call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        **options: Any,  # noqa: ANN401 - what httpx takes
    ) -> httpx.Response:
        """Ask GitLab itself, around the wire, in alice's name unless told otherwise."""
        url = f"{self.running.ready['gitlab_url']}/api/v4{path}"
        headers = {"PRIVATE-TOKEN": token or self.alice.token}
        return httpx.request(method, url, headers=headers, timeout=30, **options)

    def user_id(self, name: str) -> int:
        """Return a person's number in GitLab."""
        return int(self.gitlab_call("GET", "/users", params={"username": name}).json()[0]["id"])

    def add_member(self, project: int, name: str, level: int) -> None:
        """Make somebody a member of a project (a dataset or a site)."""
        body = {"user_id": self.user_id(name), "access_level": level}
        answer = self.gitlab_call("POST", f"/projects/{project}/members", json=body)
        assert answer.status_code == 201, answer.text

    def wait_until_bob_reads(self, url: str) -> None:
        """Wait until every web process has learnt that he may: a "no" is remembered for seconds."""
        headers = {"PRIVATE-TOKEN": self.bob.token}
        eventually(
            lambda: {httpx.get(url, headers=headers).status_code for _ in range(12)} == {200},
            "bob may read",
        )

    def remove_member(self, project: int, name: str) -> None:
        """End a membership, now."""
        url = f"/projects/{project}/members/{self.user_id(name)}"
        assert self.gitlab_call("DELETE", url).status_code == 204

    def bucket(self) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        """Return the real bucket, reached around the wire."""
        s3 = self.running.ready["s3"]
        return (
            boto3.session.Session()
            .resource(
                "s3",
                endpoint_url=s3["endpoint"],
                aws_access_key_id=s3["access_key"],
                aws_secret_access_key=s3["secret_key"],
                region_name="us-east-1",
            )
            .Bucket(s3["bucket"])
        )

    def ledger(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger's file, without the right to write."""
        path = self.running.home / "ledger.sqlite3"
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as database:
            return database.execute(question, values).fetchall()

    def prefix(self, dataset: int) -> str:
        """Return the place of a dataset's bytes on its site."""
        return str(self.ledger("select prefix from bindings where dataset_id = ?", dataset)[0][0])

    def object_key(self, dataset: int, md5: str) -> str:
        """Return the key of an object in the bucket."""
        return f"{self.prefix(dataset)}/files/md5/{md5[:2]}/{md5[2:]}"


@contextmanager
def open_world(home: Path) -> Iterator[World]:
    """Start the product behind two wires; end all of it afterwards."""
    gitlab, s3 = Wire(), Wire()
    gitlab_port, s3_port = free_port(), free_port()
    gitlab.target, s3.target = ("127.0.0.1", gitlab_port), ("127.0.0.1", s3_port)
    settings = {
        "LABSET_DEMO": "0",
        "LABSET_GITLAB_PORT": str(gitlab_port),
        "LABSET_GITLAB_URL": gitlab.url,
        "LABSET_S3_PORT": str(s3_port),
        "LABSET_ALLOWED_HOSTS": f"127.0.0.1:{s3.port} 127.0.0.1:{s3_port}",
    }
    try:
        with running_stack(home, settings) as running:
            yield from _people_the_world(running, gitlab, s3)
    finally:
        gitlab.stop()
        s3.stop()


def _people_the_world(running: Running, gitlab: Wire, s3: Wire) -> Iterator[World]:
    users = running.ready["users"]
    alice, bob = (_person(running, name, users[name]["token"]) for name in ("alice", "bob"))
    root = _person(running, "root", running.ready["root_token"])
    world = World(
        running,
        gitlab,
        s3,
        alice,
        bob,
        root,
        _s3_site(running, alice, s3),
        _local_site(running, root),
    )
    try:
        yield world
    finally:
        for who in (alice, bob, root):
            who.http.close()


def _person(running: Running, name: str, token: str) -> Person:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
    client = httpx.Client(
        base_url=running.api, headers={"PRIVATE-TOKEN": token}, timeout=60, limits=limits
    )
    return Person(name, token, client)


def _s3_site(running: Running, alice: Person, wire: Wire) -> int:
    s3 = running.ready["s3"]
    body = {
        "name": "wired-s3",
        "namespace": "lab",
        "visibility": "private",
        "kind": "s3",
        "url": f"s3://{s3['bucket']}/{BUCKET_PREFIX}",
        "endpoint": wire.url,
        "public_endpoint": wire.url,
        "region": "us-east-1",
        "credentials": {"access_key": s3["access_key"], "secret_key": s3["secret_key"]},
    }
    return int(alice.json("POST", "/storage-sites", 201, json=body)["id"])


def _local_site(running: Running, root: Person) -> int:
    folder = running.home / "local-sites" / "near"
    folder.mkdir(parents=True)
    body = {"name": "near", "namespace": "lab", "kind": "local", "url": folder.as_uri()}
    return int(root.json("POST", "/storage-sites", 201, json=body)["id"])


def kill(pid: int) -> None:
    """Kill -9."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def eventually(holds: Callable[[], bool], what: str, limit_seconds: float = 10) -> float:
    """Wait until something holds; return how long that took, in seconds."""
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < limit_seconds, f"{what}: not within {limit_seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began
