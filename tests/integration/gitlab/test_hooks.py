"""HOOK-1 … HOOK-10, with a real receiver."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gitlab.world import World, cloned, commit, create, until

ZEROS = "0" * 40


@dataclass
class Receiver:
    """An address that hooks are sent to, and what came; `failures` requests are answered with 503 first."""

    url: str = ""
    failures: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            failing = received.failures > 0
            received.failures -= failing
            self.send_response(503 if failing else 200)
            self.end_headers()
            if failing:
                received.refused.append(self.headers["Idempotency-Key"])
                return
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            received.bodies.append(json.loads(body))

        def log_message(self, *_arguments: object) -> None:
            """Keep the terminal quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    received.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield received
    server.shutdown()
    server.server_close()


def test_a_hook_never_shows_its_secret(world: World, receiver: Receiver) -> None:
    owner = world.person()
    path = f"/projects/{world.project(owner)['id']}/hooks"
    made = owner.made(path, url=receiver.url, token="secret")
    assert "token" not in made
    assert (made["push_events"], made["tag_push_events"], made["enable_ssl_verification"]) == (
        True,
        False,
        True,
    )
    assert owner.put(f"{path}/{made['id']}", tag_push_events=True).json()["tag_push_events"] is True
    assert owner.delete(f"{path}/{made['id']}").status_code == 204
    assert owner.get(path).json() == []


def test_a_bad_address_is_refused(world: World) -> None:
    owner = world.person()
    answer = owner.post(f"/projects/{world.project(owner)['id']}/hooks", url="ftp://x")
    assert (answer.status_code, answer.json()) == (422, {"error": "Invalid url given"})


def test_a_push_is_told_with_its_commits(world: World, receiver: Receiver) -> None:
    owner = world.person()
    made = world.filled(owner)
    owner.made(f"/projects/{made['id']}/hooks", url=receiver.url, token="secret")
    before = owner.get(f"/projects/{made['id']}/repository/commits/main").json()["id"]
    after = commit(owner, made["id"], create("x"), {"action": "delete", "file_path": "a.txt"})["id"]
    until(lambda: receiver.bodies)
    head, body = receiver.headers[0], receiver.bodies[0]
    assert head["x-gitlab-event"] == "Push Hook"
    assert head["x-gitlab-token"] == "secret"
    assert head["x-gitlab-instance"] == world.url
    assert head["user-agent"].startswith("GitLab/")
    assert {"x-gitlab-event-uuid", "idempotency-key"} <= set(head)
    assert (body["object_kind"], body["ref"], body["ref_protected"]) == (
        "push",
        "refs/heads/main",
        True,
    )
    assert (body["before"], body["after"], body["checkout_sha"]) == (before, after, after)
    assert (body["user_username"], body["project_id"]) == (owner.username, made["id"])
    assert (body["project"]["visibility_level"], body["total_commits_count"]) == (0, 1)
    told = body["commits"][0]
    assert (told["id"], told["added"], told["removed"], told["modified"]) == (
        after,
        ["x"],
        ["a.txt"],
        [],
    )


def test_a_long_push_tells_twenty_commits_oldest_first(
    world: World, receiver: Receiver, tmp_path: Path
) -> None:
    owner = world.person()
    made = world.filled(owner)
    owner.made(f"/projects/{made['id']}/hooks", url=receiver.url)
    git = cloned(world, made, owner.token, tmp_path / "c")
    for number in range(25):
        git("commit", "-q", "--allow-empty", "-m", f"c{number}")
    git("push", "-q", "origin", "main")
    until(lambda: receiver.bodies)
    body = receiver.bodies[0]
    assert body["total_commits_count"] == 25
    assert [one["title"] for one in body["commits"]] == [f"c{number}" for number in range(5, 25)]


def test_a_removed_branch_and_a_new_tag_are_told(world: World, receiver: Receiver) -> None:
    owner = world.person()
    made = world.filled(owner)
    path = f"/projects/{made['id']}/repository"
    owner.made(f"{path}/branches", branch="gone", ref="main")
    owner.made(f"/projects/{made['id']}/hooks", url=receiver.url, tag_push_events=True)
    owner.delete(f"{path}/branches/gone")
    until(lambda: receiver.bodies)
    body = receiver.bodies[0]
    assert (body["after"], body["checkout_sha"], body["commits"]) == (ZEROS, None, [])
    tag = owner.made(f"{path}/tags", tag_name="v1", ref="main", message="note")
    until(lambda: len(receiver.bodies) > 1)
    body = receiver.bodies[1]
    assert receiver.headers[1]["x-gitlab-event"] == "Tag Push Hook"
    assert (body["object_kind"], body["ref"], body["before"]) == ("tag_push", "refs/tags/v1", ZEROS)
    assert (body["after"], body["checkout_sha"], body["message"]) == (
        tag["target"],
        tag["commit"]["id"],
        "note",
    )


def test_a_push_of_many_branches_is_told_to_nobody(
    world: World, receiver: Receiver, tmp_path: Path
) -> None:
    owner = world.person()
    made = world.filled(owner)
    owner.made(f"/projects/{made['id']}/hooks", url=receiver.url)
    git = cloned(world, made, owner.token, tmp_path / "c")
    git("push", "-q", "origin", *(f"main:b{number}" for number in range(4)))
    commit(owner, made["id"], create("x"))
    until(lambda: receiver.bodies)
    assert [body["ref"] for body in receiver.bodies] == ["refs/heads/main"]


def test_a_receiver_that_fails_is_asked_again_with_the_same_key(
    world: World, receiver: Receiver
) -> None:
    owner = world.person()
    made = world.filled(owner)
    receiver.failures = 1
    owner.made(f"/projects/{made['id']}/hooks", url=receiver.url)
    commit(owner, made["id"], create("x"))
    until(lambda: receiver.bodies)
    assert receiver.refused == [receiver.headers[0]["idempotency-key"]]


def test_a_system_hook_hears_of_new_projects(world: World, receiver: Receiver) -> None:
    hook = world.root.made("/hooks", url=receiver.url, token="system", push_events=False)
    made = world.project(world.person())

    def told() -> list[dict[str, Any]]:
        return [body for body in receiver.bodies if body.get("project_id") == made["id"]]

    until(told)
    assert told()[0]["event_name"] == "project_create"
    assert receiver.headers[0]["x-gitlab-event"] == "System Hook"
    assert world.root.delete(f"/hooks/{hook['id']}").status_code == 204
    assert world.person().get("/hooks").status_code == 403
