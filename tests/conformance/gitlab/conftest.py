from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.conformance.gitlab.place import Caller, Json, Person, Place, join, of
from tests.servers import GitLabServer, gitlab_server

URL, TOKEN = "LABSET_CONFORMANCE_GITLAB_URL", "LABSET_CONFORMANCE_GITLAB_TOKEN"


@dataclass(frozen=True)
class Crew:
    """A private project with somebody in each role, for tests that change nothing."""

    project: Json
    owner: Person
    maintainer: Person
    developer: Person
    reporter: Person
    guest: Person


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLabServer]:
    """The GitLab that the environment names, else the look-alike."""
    if os.environ.get(URL):
        yield GitLabServer(os.environ[URL].rstrip("/"), os.environ[TOKEN])
        return
    with gitlab_server(tmp_path_factory.mktemp("gitlab")) as look_alike:
        yield look_alike


@pytest.fixture(scope="session")
def place(server: GitLabServer) -> Iterator[Place]:
    limits = httpx.Limits(max_connections=256)
    with httpx.Client(timeout=60, limits=limits) as client:
        root = Caller(client, server.url, {"PRIVATE-TOKEN": server.root_token})
        found = Place(server.url, root)
        yield found
        found.remove_everything()


@pytest.fixture(scope="session")
def crew(place: Place) -> Crew:
    owner = place.person("owner")
    project = place.filled(owner)
    roles = {"maintainer": 40, "developer": 30, "reporter": 20, "guest": 10}
    people = {role: place.person(role) for role in roles}
    for role, level in roles.items():
        join(owner, of(project), people[role], level)
    return Crew(project, owner, **people)


@pytest.fixture(scope="session")
def owner(crew: Crew) -> Person:
    """Somebody who makes projects of their own."""
    return crew.owner


@pytest.fixture(scope="session")
def stranger(place: Place) -> Person:
    """Somebody who is a member of nothing."""
    return place.person("stranger")
