"""A look-alike GitLab to test against: people, projects, clones, and orders in short words."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.model.access import Actor, Secret
from core.model.content import Pointer
from core.model.history import Change, CommitOrder
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision
from gitlab_bridge.history import GitHistory
from tests.servers import GitLabServer

_numbers = itertools.count(1)


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Forge:
    """A running GitLab and its administrator."""

    server: GitLabServer

    @property
    def root(self) -> Actor:
        return Actor(Secret(self.server.root_token))

    def api(self, method: str, address: str, /, **body: object) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(  # noqa: S310 - a server of our own
            f"{self.server.url}/api/v4{address}",
            method=method,
            data=json.dumps(body).encode(),
            headers={
                "PRIVATE-TOKEN": self.server.root_token,
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {address}: {error.code} {error.read()!r}") from None
        return json.loads(text) if text else None

    def person(self, project: DatasetId | None = None, level: int = 30) -> tuple[str, Actor]:
        """Make a user, a member of the project; return the name and the credential."""
        name = f"user{next(_numbers)}"
        user = self.api(
            "POST",
            "/users",
            username=name,
            name=name.title(),
            email=f"{name}@example.com",
            password="correct-horse-battery",
            skip_confirmation=True,
        )
        token = self.api(
            "POST", f"/users/{user['id']}/personal_access_tokens", name="test", scopes=["api"]
        )["token"]
        if project is not None:
            self.api("POST", f"/projects/{project}/members", user_id=user["id"], access_level=level)
        return name, Actor(Secret(token))

    def project(self, visibility: str = "private") -> Project:
        made = self.api("POST", "/projects", name=f"set{next(_numbers)}", visibility=visibility)
        return Project(self, DatasetId(made["id"]), made["http_url_to_repo"])

    def history(self, root: Path, url: str | None = None) -> GitHistory:
        """Return a history as one process of the product has it."""

        def locate(_: Actor, dataset_id: DatasetId) -> str:
            found = self.api("GET", f"/projects/{dataset_id}")["http_url_to_repo"]
            return str(found).replace(self.server.url, url or self.server.url)

        return GitHistory(root, SystemClock(), locate=locate)


@dataclass
class Project:
    """One project and a clone of it that somebody works in."""

    forge: Forge
    id: DatasetId
    url: str
    clone: Path | None = field(default=None)

    def git(self, *arguments: str) -> str:
        """Run git in the clone, as a person at a keyboard would."""
        assert self.clone is not None
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.clone,
            capture_output=True,
            check=False,
            env=_environment(),
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def clone_into(self, folder: Path) -> None:
        address = self.url.replace("://", f"://oauth2:{self.forge.server.root_token}@")
        folder.mkdir(parents=True, exist_ok=True)
        self.clone = folder
        self.git("clone", "--quiet", address, ".")

    def push(self, files: dict[str, bytes], branch: str = "main") -> Revision:
        """Write files into the clone, commit and push them."""
        assert self.clone is not None
        for name, data in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_bytes(data)
        self.git("add", "--force", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "by hand")
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return Revision(self.git("rev-parse", "HEAD"))


def pointer(number: int = 1) -> Pointer:
    return Pointer(Md5(f"{number:032x}"), number)


def put(path: str, content: Pointer | bytes | None) -> Change:
    return Change(FilePath(path), content)


def order(
    *changes: Change,
    base: Revision | None,
    branch: str = "main",
    key: str | None = None,
    message: str = "change",
) -> CommitOrder:
    return CommitOrder(
        key=key or secrets.token_hex(16),
        branch=Ref(branch),
        message=message,
        changes=changes,
        base=base,
        author_name="Ann Otator",
        author_email="ann@example.com",
    )


def pointer_text(name: str, number: int = 1) -> bytes:
    return f"outs:\n- md5: a{number:031x}\n  size: {number}\n  hash: md5\n  path: {name}\n".encode()


def _environment() -> dict[str, str]:
    who = {"NAME": "Bob", "EMAIL": "bob@example.com"}
    people = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}
    return {
        **people,
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
