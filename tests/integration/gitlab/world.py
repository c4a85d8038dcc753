"""People, groups and projects on a running look-alike, spoken to by plain HTTP."""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

PASSWORD = "correct horse battery"
_numbers: Iterator[int] = itertools.count(1)


def encoded(text: str | int) -> str:
    """Return text as one segment of an address."""
    return quote(str(text), safe="")


@dataclass
class Caller:
    """Somebody who asks: with a token, or nobody."""

    url: str
    token: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def __call__(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return self.session.request(
            method,
            f"{self.url}/api/v4{path}",
            params={name: str(value) for name, value in (params or {}).items()},
            json=json,
            headers={**({"PRIVATE-TOKEN": self.token} if self.token else {}), **(headers or {})},
            timeout=30,
            allow_redirects=False,
        )

    def get(self, path: str, /, **query: object) -> requests.Response:
        return self("GET", path, params=query)

    def post(self, path: str, /, **body: object) -> requests.Response:
        return self("POST", path, json=body)

    def put(self, path: str, /, **body: object) -> requests.Response:
        return self("PUT", path, json=body)

    def delete(self, path: str, /, **query: object) -> requests.Response:
        return self("DELETE", path, params=query)

    def made(self, path: str, /, **body: object) -> dict[str, Any]:
        """POST something that must work."""
        answer = self.post(path, **body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@dataclass
class Person(Caller):
    """An account with a token of scope api."""

    id: int = 0
    username: str = ""


@dataclass
class World:
    """A server and its administrator."""

    url: str
    root: Caller

    @property
    def nobody(self) -> Caller:
        return Caller(self.url)

    def bearer(self, token: str) -> Caller:
        caller = Caller(self.url)
        caller.session.headers["Authorization"] = f"Bearer {token}"
        return caller

    def person(self, name: str = "person", **more: object) -> Person:
        username = f"{name}{next(_numbers)}"
        body = {
            "email": f"{username}@example.org",
            "username": username,
            "name": name.title(),
            "password": PASSWORD,
        }
        user = self.root.made("/users", **body, skip_confirmation=True, **more)
        return Person(self.url, self.token(user["id"], "api"), id=user["id"], username=username)

    def token(self, user_id: int, *scopes: str, **more: object) -> str:
        made = self.root.made(
            f"/users/{user_id}/personal_access_tokens", name="test", scopes=list(scopes), **more
        )
        return str(made["token"])

    def group(self, owner: Caller, **more: object) -> dict[str, Any]:
        name = f"group{next(_numbers)}"
        return owner.made("/groups", **{"name": name, "path": name, **more})

    def project(self, owner: Caller, **more: object) -> dict[str, Any]:
        return owner.made("/projects", **{"name": f"project{next(_numbers)}", **more})

    def member(
        self, owner: Caller, source: str, person: Person, level: int, **more: object
    ) -> None:
        owner.made(f"/{source}/members", user_id=person.id, access_level=level, **more)

    def filled(self, owner: Caller, **more: object) -> dict[str, Any]:
        """Return a project with `a.txt` and `docs/b.txt` on main."""
        project = self.project(owner, **more)
        commit(owner, project["id"], create("a.txt", "one\n"), create("docs/b.txt", "two\n"))
        return project


def create(path: str, content: str = "", **more: object) -> dict[str, Any]:
    return {"action": "create", "file_path": path, "content": content, **more}


def commit(
    who: Caller, project_id: int, *actions: dict[str, Any], branch: str = "main", **more: object
) -> dict[str, Any]:
    """Commit what must work."""
    path = f"/projects/{project_id}/repository/commits"
    return who.made(path, branch=branch, commit_message="change", actions=list(actions), **more)


def try_commit(
    who: Caller, project_id: int, *actions: dict[str, Any], branch: str = "main", **more: object
) -> requests.Response:
    path = f"/projects/{project_id}/repository/commits"
    return who.post(path, branch=branch, commit_message="change", actions=list(actions), **more)


def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Ask again and again until the answer is true."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


@dataclass(frozen=True)
class Git:
    """The git program in one folder, deaf to the configuration of whoever runs the tests."""

    folder: Path

    def __call__(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
            **{f"GIT_{role}_NAME": "T" for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": "t@example.org" for role in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not ok or done.returncode == 0, done.stderr
        return done

    def write(self, path: str, content: str | bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        self("add", "-A")
        self("commit", "-q", "-m", f"write {path}")


def clone_url(world: World, project: dict[str, Any], token: str = "", login: str = "any") -> str:
    """Return the address for git, credentials inside."""
    credentials = f"{login}:{token}@" if token else ""
    return f"http://{credentials}{world.url.removeprefix('http://')}/{project['path_with_namespace']}.git"


def cloned(world: World, project: dict[str, Any], token: str, folder: Path) -> Git:
    """Clone (with branch main, also when empty) and return git in there."""
    Git(folder.parent)("clone", "-q", clone_url(world, project, token), str(folder))
    git = Git(folder)
    git("symbolic-ref", "HEAD", "refs/heads/main")
    return git
