"""A GitLab that is examined from outside: the look-alike, or a real one; whoever is made there is removed again."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import gitlab
import httpx

PASSWORD = f"correct-horse-{secrets.token_hex(8)}"
API = "/api/v4"
SECONDS = 30.0

Json = dict[str, Any]


def unique(word: str) -> str:
    """Return a name that nobody has."""
    return f"{word}-{secrets.token_hex(5)}"


def encoded(text: object) -> str:
    """Return text as one segment of an address."""
    return quote(str(text), safe="")


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Ask again and again until the answer is true: GitLab does much in the background."""
    limit = time.monotonic() + seconds
    pause = 0.01
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: with a token, or nobody."""

    client: httpx.Client
    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - what httpx takes
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.request(method, f"{self.url}{API}{path}", headers=headers, **more)

    def get(self, path: str, /, **query: Any) -> httpx.Response:  # noqa: ANN401 - a value in the address
        return self("GET", path, params=query or None)

    def head(self, path: str, /, **query: Any) -> httpx.Response:  # noqa: ANN401 - a value in the address
        return self("HEAD", path, params=query or None)

    def post(self, path: str, /, **body: object) -> httpx.Response:
        return self("POST", path, json=body)

    def put(self, path: str, /, **body: object) -> httpx.Response:
        return self("PUT", path, json=body)

    def delete(self, path: str, /, **query: Any) -> httpx.Response:  # noqa: ANN401 - a value in the address
        return self("DELETE", path, params=query or None)

    def read(self, path: str, /, **query: object) -> Any:  # noqa: ANN401 - whatever JSON it is
        """GET something that must be there."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, path: str, /, **body: object) -> Json:
        """POST something that must work."""
        answer = self.post(path, **body)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


@dataclass(frozen=True)
class Person(Caller):
    """An account with a token of scope api."""

    token: str = ""
    id: int = 0
    username: str = ""

    @property
    def email(self) -> str:
        return f"{self.username}@example.org"

    @property
    def library(self) -> gitlab.Gitlab:
        """This person, speaking by python-gitlab."""
        return gitlab.Gitlab(self.url, private_token=self.token)


@dataclass
class Place:
    """One GitLab with its administrator, and what was made in it."""

    url: str
    root: Caller
    users: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    applications: list[int] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)

    @property
    def nobody(self) -> Caller:
        return Caller(self.root.client, self.url)

    def bearer(self, token: str) -> Caller:
        return Caller(self.root.client, self.url, {"Authorization": f"Bearer {token}"})

    def private(self, token: str) -> Caller:
        return Caller(self.root.client, self.url, {"PRIVATE-TOKEN": token})

    def person(self, word: str = "person") -> Person:
        username = unique(word)
        body = {"username": username, "name": word.title(), "email": f"{username}@example.org"}
        user = self.root.made("/users", **body, password=PASSWORD, skip_confirmation=True)
        self.users.append(user["id"])
        token = self.token(user["id"], "api")
        head = {"PRIVATE-TOKEN": token}
        return Person(
            self.root.client, self.url, head, token=token, id=user["id"], username=username
        )

    def token(self, user_id: int, *scopes: str) -> str:
        path = f"/users/{user_id}/personal_access_tokens"
        return str(self.root.made(path, name="conformance", scopes=list(scopes))["token"])

    def group(self, owner: Caller, **more: object) -> Json:
        name = unique("group")
        made = owner.made("/groups", **{"name": name, "path": name, **more})
        self.groups.append(made["id"])
        return made

    def project(self, owner: Caller, **more: object) -> Json:
        return owner.made("/projects", **{"name": unique("project"), **more})

    def filled(self, owner: Caller, **more: object) -> Json:
        """Return a project with `a.txt` and `docs/b.txt` on main, protected as GitLab does it by itself."""
        project = self.project(owner, **more)
        commit(owner, project, create("a.txt", "one\n"), create("docs/b.txt", "two\n"))
        until(lambda: owner.get(f"{of(project)}/protected_branches/main").status_code == 200)
        return project

    def topic(self, word: str) -> str:
        """Return a topic that nobody uses yet."""
        name = unique(word)
        self.topics.add(name)
        return name

    def application(self, **more: object) -> Json:
        made = self.root.made("/applications", **more)
        self.applications.append(made["id"])
        return made

    def remove_everything(self) -> None:
        """Remove what was made, the last first; what is only marked is then removed for good."""
        for number in self.applications:
            self._removed(f"/applications/{number}")
        for number in reversed(self.groups):
            self._removed(f"/groups/{number}")
            marked = self.root.get(f"/groups/{number}")
            if marked.status_code == 200:
                path = marked.json()["full_path"]
                self._removed(f"/groups/{number}", permanently_remove=True, full_path=path)
        for number in self.users:
            self._removed(f"/users/{number}", hard_delete=True)
        for topic in self.topics:
            for found in self.root.read("/topics", search=topic):
                self._removed(f"/topics/{found['id']}")

    def _removed(self, path: str, **query: object) -> None:
        answer = self.root.delete(path, **query)
        assert answer.status_code in {200, 202, 204, 404}, f"{path} stays: {answer.text}"


def of(project: Json) -> str:
    """Return a project's address in the API."""
    return f"/projects/{project['id']}"


def repository(project: Json) -> str:
    return f"{of(project)}/repository"


def create(path: str, content: str = "", **more: object) -> Json:
    return {"action": "create", "file_path": path, "content": content, **more}


def update(path: str, content: str, **more: object) -> Json:
    return {"action": "update", "file_path": path, "content": content, **more}


def try_commit(
    who: Caller, project: Json, *actions: Json, branch: str = "main", **more: object
) -> httpx.Response:
    body = {"branch": branch, "commit_message": "change", "actions": list(actions), **more}
    return who.post(f"{repository(project)}/commits", **body)


def commit(
    who: Caller, project: Json, *actions: Json, branch: str = "main", **more: object
) -> Json:
    """Commit what must work."""
    answer = try_commit(who, project, *actions, branch=branch, **more)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def content(who: Caller, project: Json, path: str, ref: str = "main") -> bytes:
    """Return a file's bytes as the API has them."""
    found = who.read(f"{repository(project)}/files/{encoded(path)}", ref=ref)
    return base64.b64decode(found["content"])


def paths(who: Caller, project: Json, ref: str = "main") -> set[str]:
    """Return what a tree has, folders among them."""
    query = {"ref": ref, "recursive": True, "per_page": 100}
    return {one["path"] for one in who.read(f"{repository(project)}/tree", **query)}


def join(owner: Caller, source: str, person: Person, level: int, **more: object) -> Json:
    """Make somebody a member of a project or a group."""
    return owner.made(f"{source}/members", user_id=person.id, access_level=level, **more)


def ids(rows: list[Json]) -> list[int]:
    return [row["id"] for row in rows]


def told(answer: httpx.Response) -> tuple[int, object]:
    """Return an answer's status and its message: what a model or a right refuses."""
    assert "message" in answer.json(), answer.text
    return answer.status_code, answer.json()["message"]


def wrong(answer: httpx.Response) -> str:
    """Return what the check of parameters says."""
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


@dataclass(frozen=True)
class Git:
    """The git program in one folder, deaf to the configuration of whoever runs the tests."""

    folder: Path

    def __call__(self, *arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        roles = ("AUTHOR", "COMMITTER")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
            **{f"GIT_{role}_NAME": "T" for role in roles},
            **{f"GIT_{role}_EMAIL": "t@example.org" for role in roles},
        }
        command = ["git", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert not ok or done.returncode == 0, done.stderr
        return done

    def out(self, *arguments: str) -> str:
        return self(*arguments).stdout.strip()

    def write(self, path: str, text: str | bytes) -> str:
        """Commit one file; return the commit."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        self("add", "-A")
        self("commit", "-q", "-m", f"write {path}")
        return self.out("rev-parse", "HEAD")


def address(project: Json, token: str = "", login: str = "any") -> str:
    """Return where git finds a project, credentials inside."""
    parts = urlsplit(str(project["http_url_to_repo"]))
    credentials = f"{login}:{token}@" if token else ""
    return parts._replace(netloc=f"{credentials}{parts.netloc}").geturl()


def cloned(project: Json, token: str, folder: Path, *options: str, login: str = "any") -> Git:
    """Clone (with branch main, also when empty) and return git in there."""
    Git(folder.parent)("clone", "-q", *options, address(project, token, login), str(folder))
    git = Git(folder)
    git("symbolic-ref", "HEAD", "refs/heads/main")
    return git
