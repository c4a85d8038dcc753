from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gitlab
import pytest

from core.model.access import AccessLevel, Actor, Secret, Visibility
from core.model.dataset import Dataset, Kind, NewDataset
from core.model.names import DatasetId, SiteId
from gitlab_bridge.directory import GitLabDirectory
from tests.servers import gitlab_server

NUMBERS = itertools.count(1)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class User:
    """Somebody with an account."""

    id: int
    name: str
    actor: Actor


@dataclass(frozen=True)
class Group:
    """A group and its path."""

    id: int
    path: str


class World:
    """A GitLab with people and groups; names never repeat."""

    def __init__(self, url: str, root_token: str) -> None:
        self.url = url
        self.admin = gitlab.Gitlab(url, private_token=root_token)
        self.root = Actor(Secret(root_token))

    def directory(self, service_token: Secret | None = None) -> GitLabDirectory:
        """Return a directory that knows nothing yet."""
        return GitLabDirectory(self.url, service_token=service_token, clock=RealClock())

    def user(self, **settings: Any) -> User:  # noqa: ANN401 - whatever GitLab takes
        """Create somebody with a token of scope api."""
        name = f"user{next(NUMBERS)}"
        made = self.admin.users.create(
            {
                "username": name,
                "name": name.title(),
                "email": f"{name}@example.com",
                "password": "correct horse battery 9",
                "skip_confirmation": True,
            }
            | settings
        )
        return User(made.id, name, self.token(made.id, "api"))

    def token(self, user_id: int, *scopes: str) -> Actor:
        """Make somebody a token."""
        made = self.admin.users.get(user_id, lazy=True).personal_access_tokens.create(
            {"name": "test", "scopes": list(scopes)}
        )
        return Actor(Secret(made.token))

    def group(self, visibility: str = "private", **settings: Any) -> Group:  # noqa: ANN401 - the same
        """Create a group of the administrator's."""
        path = f"group{next(NUMBERS)}"
        body = {"name": path, "path": path, "visibility": visibility} | settings
        made = self.admin.groups.create(body)
        return Group(made.id, made.full_path)

    def join_group(self, group: Group, user: User, level: AccessLevel) -> None:
        """Make somebody a member of a group."""
        members = self.admin.groups.get(group.id, lazy=True).members
        members.create({"user_id": user.id, "access_level": level.value})

    def join(self, project: DatasetId | SiteId, user: User, level: AccessLevel) -> None:
        """Make somebody a member of a project."""
        members = self.project(project).members
        members.create({"user_id": user.id, "access_level": level.value})

    def leave(self, project: DatasetId | SiteId, user: User) -> None:
        """End somebody's membership."""
        self.project(project).members.delete(user.id)

    def project(self, project: DatasetId | SiteId) -> Any:  # noqa: ANN401 - python-gitlab's object
        """Return the project as the administrator's object."""
        return self.admin.projects.get(project.number, lazy=True)

    def dataset(self, owner: User, namespace: str | None = None, **changes: Any) -> Dataset:  # noqa: ANN401
        """Create a dataset."""
        given: dict[str, Any] = {
            "name": f"data {next(NUMBERS)}",
            "namespace": namespace or owner.name,
            "description": "",
            "visibility": Visibility.PRIVATE,
            "tags": (),
            "kind": Kind.ALBUM,
        }
        return self.directory().create_dataset(owner.actor, NewDataset(**(given | changes)))

    def commit(self, project: DatasetId | SiteId, path: str = "README.md", text: str = "x") -> str:
        """Commit one file to main as the administrator and return the commit id."""
        action = {"action": "create", "file_path": path, "content": text}
        body = {"branch": "main", "commit_message": "a file", "actions": [action]}
        return str(self.project(project).commits.create(body).id)


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with gitlab_server(tmp_path_factory.mktemp("gitlab")) as server:
        yield World(server.url, server.root_token)


@pytest.fixture
def directory(world: World) -> GitLabDirectory:
    return world.directory()
