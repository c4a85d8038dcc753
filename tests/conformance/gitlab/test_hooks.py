"""Hooks of a project, with a receiver that GitLab can reach."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conformance.gitlab.place import (
    Caller,
    Json,
    Person,
    Place,
    cloned,
    commit,
    create,
    of,
    repository,
    unique,
    until,
    update,
)

ZEROS = "0" * 40


@dataclass
class Receiver:
    """An address for hooks, and what came to it."""

    url: str = ""
    status: int = 200
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)

    def hooked(self, owner: Caller, project: Json, **more: object) -> Json:
        """Make a hook that comes here; a GitLab that forbids local addresses cannot be examined."""
        answer = owner.post(f"{of(project)}/hooks", url=self.url, **more)
        if answer.status_code == 422:
            pytest.skip(f"this GitLab refuses {self.url}: allow requests to the local network")
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


def own_address(url: str) -> str:
    """Return the address of this machine that the way to `url` begins at."""
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((str(parts.hostname), parts.port or 443))
        return str(probe.getsockname()[0])


@pytest.fixture
def receiver(place: Place) -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            received.bodies.append(json.loads(body))
            self.send_response(received.status)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep the terminal quiet."""

    host = own_address(place.url)
    with ThreadingHTTPServer((host, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        received.url = f"http://{host}:{server.server_port}/hook"
        yield received
        server.shutdown()


@pytest.fixture
def project(place: Place, owner: Person) -> Json:
    return place.filled(owner)


def test_hook_1_hook_2_a_hook_keeps_its_secret(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    made = receiver.hooked(owner, project, token="secret")
    path = f"{of(project)}/hooks"
    kept: list[dict[str, Any]] = [made, owner.read(f"{path}/{made['id']}"), *owner.read(path)]
    for one in kept:
        assert "token" not in one
        assert (one["url"], one["project_id"]) == (receiver.url, project["id"])
        assert (one["push_events"], one["tag_push_events"]) == (True, False)
        assert one["enable_ssl_verification"] is True
    assert owner.library.projects.get(project["id"]).hooks.get(made["id"]).url == receiver.url
    assert owner.delete(f"{path}/{made['id']}").status_code == 204
    assert owner.read(path) == []


def test_hook_3_an_address_of_another_kind_is_refused(owner: Person, project: Json) -> None:
    answer = owner.post(f"{of(project)}/hooks", url="ftp://x")
    assert answer.status_code == 422
    assert "Invalid url given" in answer.text


def test_hook_4_a_message_says_what_it_is_in_its_headers(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    receiver.hooked(owner, project, token="secret", tag_push_events=True)
    commit(owner, project, create("x"))
    until(lambda: receiver.bodies)
    owner.made(f"{repository(project)}/tags", tag_name="v1", ref="main")
    until(lambda: len(receiver.bodies) > 1)
    events = [head["x-gitlab-event"] for head in receiver.headers]
    assert events == ["Push Hook", "Tag Push Hook"]
    for head in receiver.headers:
        assert head["x-gitlab-token"] == "secret"
        assert head["x-gitlab-instance"].startswith("http")
        assert head["user-agent"].startswith("GitLab/")
        assert head["content-type"] == "application/json"
    for name in ("x-gitlab-event-uuid", "idempotency-key"):
        assert len({head[name] for head in receiver.headers}) == 2


def test_hook_5_a_push_is_told_with_what_changed(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    before = owner.read(f"{repository(project)}/commits/main")["id"]
    receiver.hooked(owner, project)
    gone = {"action": "delete", "file_path": "docs/b.txt"}
    after = commit(owner, project, create("x"), update("a.txt", "2"), gone)["id"]
    until(lambda: receiver.bodies)
    (body,) = receiver.bodies
    assert (body["object_kind"], body["event_name"]) == ("push", "push")
    assert (body["ref"], body["ref_protected"]) == ("refs/heads/main", True)
    assert (body["before"], body["after"], body["checkout_sha"]) == (before, after, after)
    assert (body["user_id"], body["user_username"]) == (owner.id, owner.username)
    assert (body["project_id"], body["project"]["id"]) == (project["id"], project["id"])
    assert body["project"]["visibility_level"] == 0
    assert body["project"]["path_with_namespace"] == project["path_with_namespace"]
    assert body["total_commits_count"] == 1
    (told,) = body["commits"]
    assert told["id"] == after
    assert [told[name] for name in ("added", "modified", "removed")] == [
        ["x"],
        ["a.txt"],
        ["docs/b.txt"],
    ]
    assert "user_email" in body


def test_hook_6_a_long_push_tells_twenty_commits_the_oldest_first(
    owner: Person, project: Json, receiver: Receiver, tmp_path: Path
) -> None:
    git = cloned(project, owner.token, tmp_path / "c")
    for number in range(25):
        git("commit", "-q", "--allow-empty", "-m", f"c{number}")
    receiver.hooked(owner, project)
    git("push", "-q", "origin", "main")
    until(lambda: receiver.bodies)
    (body,) = receiver.bodies
    assert body["total_commits_count"] == 25
    assert [one["title"] for one in body["commits"]] == [f"c{number}" for number in range(5, 25)]


def test_hook_7_a_removed_branch_leaves_zeros(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    owner.made(f"{repository(project)}/branches", branch="gone", ref="main")
    receiver.hooked(owner, project)
    owner.delete(f"{repository(project)}/branches/gone")

    def removal() -> list[Json]:
        return [body for body in receiver.bodies if body["after"] == ZEROS]

    until(removal)
    (body,) = removal()
    assert (body["ref"], body["checkout_sha"], body["commits"]) == ("refs/heads/gone", None, [])


def test_hook_8_a_tag_tells_its_commit(owner: Person, project: Json, receiver: Receiver) -> None:
    receiver.hooked(owner, project, tag_push_events=True, push_events=False)
    tag = owner.made(f"{repository(project)}/tags", tag_name="v1", ref="main", message="note")
    until(lambda: receiver.bodies)
    (body,) = receiver.bodies
    assert (body["object_kind"], body["ref"]) == ("tag_push", "refs/tags/v1")
    assert (body["before"], body["after"]) == (ZEROS, tag["target"])
    assert (body["checkout_sha"], body["message"]) == (tag["commit"]["id"], "note")


def test_hook_9_the_system_tells_of_new_projects(
    place: Place, owner: Person, receiver: Receiver
) -> None:
    answer = place.root.post("/hooks", url=receiver.url, token="system", push_events=False)
    if answer.status_code == 422:
        pytest.skip(f"this GitLab refuses {receiver.url}")
    made = place.project(owner)

    def numbers() -> list[int]:
        events = (body for body in receiver.bodies if body["event_name"] == "project_create")
        return [body["project_id"] for body in events]

    until(lambda: made["id"] in numbers())
    assert receiver.headers[0]["x-gitlab-event"] == "System Hook"
    assert place.root.delete(f"/hooks/{answer.json()['id']}").status_code == 204
    assert owner.get("/hooks").status_code == 403


def test_hook_10_a_push_of_many_branches_is_told_to_nobody(
    owner: Person, project: Json, receiver: Receiver, tmp_path: Path
) -> None:
    git = cloned(project, owner.token, tmp_path / "c")
    receiver.hooked(owner, project)
    git("push", "-q", "origin", *(f"main:b{number}" for number in range(4)))
    name = unique("one")
    commit(owner, project, create("x"), branch=name, start_branch="main")
    until(lambda: receiver.bodies)
    assert {body["ref"] for body in receiver.bodies} == {f"refs/heads/{name}"}


def test_hook_2_another_address_loses_the_secret(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    """doc/api/project_webhooks.md, "Edit a project webhook"."""
    made = receiver.hooked(owner, project, token="secret")
    path = f"{of(project)}/hooks/{made['id']}"
    assert owner.put(path, push_events=True).status_code == 200
    commit(owner, project, create("x"))
    until(lambda: receiver.headers)
    assert receiver.headers[0]["x-gitlab-token"] == "secret"
    assert owner.put(path, url=f"{receiver.url}/other").status_code == 200
    commit(owner, project, create("y"))
    until(lambda: len(receiver.headers) > 1)
    assert "x-gitlab-token" not in receiver.headers[1]


def test_hook_2_a_change_of_nothing_and_a_bad_filter_are_refused(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    """lib/api/helpers/web_hooks_helpers.rb."""
    made = receiver.hooked(owner, project)
    path = f"{of(project)}/hooks/{made['id']}"
    answer = owner.put(path)
    assert (answer.status_code, answer.json()) == (400, {"error": "No parameters provided"})
    answer = owner.put(path, push_events_branch_filter="a b")
    assert (answer.status_code, answer.json()) == (422, {"error": "Invalid branch filter given"})
    assert owner.put(path, branch_filter_strategy="guess").status_code == 400


def test_hook_5_a_filter_chooses_branches(owner: Person, project: Json, receiver: Receiver) -> None:
    """doc/api/project_webhooks.md: `branch_filter_strategy` is wildcard, regex or all_branches."""
    receiver.hooked(
        owner, project, branch_filter_strategy="regex", push_events_branch_filter="^wanted-[0-9]$"
    )
    for name in ("wanted-x", "wanted-1"):
        commit(owner, project, create("x"), branch=name, start_branch="main")
    until(lambda: receiver.bodies)
    assert [body["ref"] for body in receiver.bodies] == ["refs/heads/wanted-1"]


def test_hook_4_headers_and_variables_of_ones_own_go_along(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    """doc/api/project_webhooks.md, "Set a custom header" and "Set a URL variable"."""
    made = receiver.hooked(owner, project, custom_headers=[{"key": "X-Ours", "value": "one"}])
    path = f"{of(project)}/hooks/{made['id']}"
    assert made["custom_headers"] == [{"key": "X-Ours"}]
    assert owner.put(f"{path}/custom_headers/X-Other", value="two").status_code == 204
    assert owner.put(f"{path}/url_variables/place", value="there").status_code == 204
    assert owner.put(path, url=f"{receiver.url}?at={{place}}").status_code == 200
    assert owner.read(path)["url_variables"] == [{"key": "place"}]
    assert owner.put(path, url=f"{receiver.url}?at={{nowhere}}").status_code == 422
    commit(owner, project, create("x"))
    until(lambda: receiver.headers)
    head = receiver.headers[0]
    assert (head["x-ours"], head["x-other"]) == ("one", "two")
    assert owner.delete(f"{path}/custom_headers/X-Other").status_code == 204
    gone = owner.delete(f"{path}/custom_headers/X-Other")
    assert gone.json() == {"message": "404 Custom header Not Found"}


def test_hook_4_what_was_sent_is_listed_and_sent_again(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    """doc/api/project_webhooks.md, "Get a list of project webhook events" and "Resend"."""
    made = receiver.hooked(owner, project, token="secret")
    path = f"{of(project)}/hooks/{made['id']}"
    commit(owner, project, create("x"))
    until(lambda: owner.read(f"{path}/events"))
    (event,) = owner.read(f"{path}/events", status="successful")
    assert (event["trigger"], event["response_status"]) == ("push_hooks", "200")
    assert event["request_headers"]["X-Gitlab-Token"] == "[REDACTED]"
    assert event["request_data"]["project_id"] == project["id"]
    assert owner.read(f"{path}/events", status="server_failure") == []
    again = owner.made(f"{path}/events/{event['id']}/resend")
    assert again == {"response_status": 200}
    assert receiver.bodies[0] == receiver.bodies[1]


def test_hook_4_a_test_waits_for_the_answer(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    """doc/api/project_webhooks.md, "Trigger a test project webhook"; lib/api/hooks/trigger_test.rb."""
    made = receiver.hooked(owner, project)
    path = f"{of(project)}/hooks/{made['id']}/test"
    assert owner.made(f"{path}/push_events") == {"message": "201 Created"}
    assert [body["object_kind"] for body in receiver.bodies] == ["push"]
    assert owner.post(f"{path}/issues_events").status_code == 422
    assert owner.post(f"{path}/nothing").status_code == 400
    receiver.status = 500
    assert owner.post(f"{path}/push_events").status_code == 422


def test_hook_1_a_hook_that_keeps_failing_pauses(
    owner: Person, project: Json, receiver: Receiver
) -> None:
    """doc/user/project/integrations/webhooks.md: four failures in a row disable a webhook for a while."""
    made = receiver.hooked(owner, project)
    path = f"{of(project)}/hooks/{made['id']}"
    assert (made["alert_status"], made["disabled_until"]) == ("executable", None)
    receiver.status = 400
    for count in range(1, 5):
        commit(owner, project, create(f"f{count}"))
        until(partial(_has_events, owner, path, count))
    paused = owner.read(path)
    assert paused["alert_status"] == "temporarily_disabled"
    assert paused["disabled_until"]
    receiver.status = 200
    assert owner.post(f"{path}/test/push_events").status_code == 201
    assert owner.read(path)["alert_status"] == "executable"


def test_hook_9_a_system_hook_is_changed_and_tested(place: Place, receiver: Receiver) -> None:
    """app/models/hooks/system_hook.rb: it hears of repositories, not of pushes, and is never disabled."""
    answer = place.root.post("/hooks", url=receiver.url)
    if answer.status_code == 422:
        pytest.skip(f"this GitLab refuses {receiver.url}")
    made = answer.json()
    assert (made["push_events"], made["repository_update_events"]) == (False, True)
    path = f"/hooks/{made['id']}"
    assert place.root.put(path, tag_push_events=True).json()["tag_push_events"] is True
    sample = place.root.made(path)
    assert (sample["event_name"], sample["name"]) == ("project_create", "Ruby")
    until(lambda: sample in receiver.bodies)
    receiver.status = 400
    for _ in range(4):
        assert place.root.made(path) == sample
    until(lambda: receiver.bodies.count(sample) >= 5)
    assert place.root.read(path)["alert_status"] == "executable"
    assert place.root.delete(path).status_code == 204


def test_hook_9_the_system_hears_of_a_push_to_any_repository(
    place: Place, owner: Person, project: Json, receiver: Receiver
) -> None:
    """doc/administration/system_hooks.md, "Repository Update events"."""
    answer = place.root.post("/hooks", url=receiver.url)
    if answer.status_code == 422:
        pytest.skip(f"this GitLab refuses {receiver.url}")
    new = commit(owner, project, create("x"))["id"]

    def told() -> list[Json]:
        return [
            body
            for body in receiver.bodies
            if body["event_name"] == "repository_update" and body["project_id"] == project["id"]
        ]

    until(told)
    assert told()[0]["refs"] == ["refs/heads/main"]
    assert told()[0]["changes"][0]["after"] == new
    assert place.root.delete(f"/hooks/{answer.json()['id']}").status_code == 204


def _has_events(owner: Person, path: str, count: int) -> bool:
    return len(owner.read(f"{path}/events")) == count
