"""The process itself: restarts, sudden death, many callers at once; python-gitlab as a second opinion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gitlab
import pytest
import requests

from tests.integration.gitlab.world import (
    Caller,
    World,
    cloned,
    commit,
    create,
    encoded,
    try_commit,
    until,
)
from tests.servers import free_port


class Process:
    """A look-alike of its own, for tests that stop it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token_file = home / "root.token"
        home.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "devstack.gitlab", "--home", str(self.home / "data")]
        command += ["--port", str(self.port), "--root-token-file", str(self.token_file)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self.healthy)

    def healthy(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/health", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    @property
    def world(self) -> World:
        return World(self.url, Caller(self.url, self.token_file.read_text().strip()))

    def end(self, number: int) -> float:
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(10)
        return time.monotonic() - started


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    running = Process(tmp_path / "server")
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGTERM)


def children(pid: int) -> set[int]:
    """Return the processes that `pid` started, of any depth."""
    found = set()
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid:
                found |= {int(path.name)} | children(int(path.name))
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_stops_quickly_and_leaves_nobody_behind(process: Process) -> None:
    below = children(process.process.pid)
    assert below
    assert process.end(signal.SIGTERM) < 3
    until(lambda: not any(alive(pid) for pid in below), 3)


def test_everything_survives_a_restart(process: Process, tmp_path: Path) -> None:
    world = process.world
    owner = world.person()
    made = world.filled(owner, topics=["kept"])
    assert (process.token_file.stat().st_mode & 0o777) == 0o600
    process.end(signal.SIGTERM)
    process.start()
    assert process.world.root.token == world.root.token
    assert owner.get(f"/projects/{made['id']}").json()["topics"] == ["kept"]
    git = cloned(world, made, owner.token, tmp_path / "c")
    git.write("x", "1")
    git("push", "-q", "origin", "main")


def test_what_was_acknowledged_survives_sudden_death(process: Process) -> None:
    owner = process.world.person()
    made = process.world.filled(owner)
    known = [commit(owner, made["id"], create(f"f{number}"))["id"] for number in range(20)]
    below = children(process.process.pid)
    process.process.send_signal(signal.SIGKILL)
    process.process.wait(10)
    until(lambda: not any(alive(pid) for pid in below), 10)
    process.start()
    listed = [
        one["id"]
        for one in owner.get(f"/projects/{made['id']}/repository/commits", per_page=50).json()
    ]
    assert listed[:20] == known[::-1]


def test_fifty_pushes_at_once_lose_nothing(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.filled(owner)
    seed = cloned(world, made, owner.token, tmp_path / "seed")

    def push(number: int) -> int:
        return seed("push", "-q", "origin", f"HEAD:refs/heads/b{number}", ok=False).returncode

    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(push, range(50))) == [0] * 50
    branches = owner.get(f"/projects/{made['id']}/repository/branches", per_page=100).json()
    assert {one["name"] for one in branches} == {"main", *(f"b{number}" for number in range(50))}


def test_commits_at_once_to_one_branch_all_stand(world: World) -> None:
    owner = world.person()
    made = world.filled(owner)

    def add(number: int) -> int:
        one = Caller(world.url, owner.token)
        return try_commit(one, made["id"], create(f"f{number}")).status_code

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(add, range(60))) == [201] * 60
    tree = owner.get(
        f"/projects/{made['id']}/repository/tree", recursive=True, pagination="none"
    ).json()
    assert {f"f{number}" for number in range(60)} <= {entry["path"] for entry in tree}


def test_two_hundred_calls_at_once_are_all_answered(world: World) -> None:
    owner = world.person()
    made = world.filled(owner)
    paths = (
        f"/projects/{made['id']}",
        "/projects?membership=true",
        "/user",
        f"/projects/{made['id']}/repository/tree",
    )

    def ask(number: int) -> int:
        return Caller(world.url, owner.token).get(paths[number % len(paths)]).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(200))) == {200}


def test_one_of_many_gets_a_name_that_only_one_can_have(world: World) -> None:
    owner = world.person()

    def make(_: int) -> int:
        return Caller(world.url, owner.token).post("/projects", name="only one").status_code

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(make, range(20))) == [201] + [400] * 19


def test_python_gitlab_finds_its_way(world: World) -> None:
    owner = world.person()
    made = world.filled(owner)
    client = gitlab.Gitlab(world.url, private_token=owner.token)
    client.auth()
    assert client.user is not None
    assert client.user.username == owner.username
    project = client.projects.get(made["path_with_namespace"])
    file = project.files.get("a.txt", ref="main")
    file.content = "new"
    file.save(branch="main", commit_message="by client")
    assert project.files.get("a.txt", ref="main").decode() == b"new"
    file.delete(branch="main", commit_message="away")
    assert [one["name"] for one in project.repository_tree(all=True)] == ["docs"]
    assert project.commits.list(iterator=True).next().title == "away"
    project.branches.create({"branch": "topic/1", "ref": "main"})
    assert project.branches.get("topic/1").name == "topic/1"
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        project.branches.create({"branch": "topic/1", "ref": "main"})
    assert refused.value.response_code == 400
    assert owner.get(f"/projects/{encoded(made['path_with_namespace'])}").status_code == 200
