from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.factory import create_app
from app.probes import Part, Probes
from app.shell import Services
from core.model.jobs import Job, JobState
from core.model.names import DatasetId
from tests.integration.shell.conftest import House

EVENT = {"object_kind": "push", "project_id": 4473, "ref": "refs/heads/main"}


def test_health_answers_without_asking_anybody(house: House) -> None:
    absent = cast("Any", SimpleNamespace(directory=SimpleNamespace(check_answers=None), clock=None))
    services = Services(absent, absent, absent, absent, absent, absent, absent)
    answer = create_app(house.settings, services).test_client().get("/health")
    assert answer.get_json() == {"success": True, "message": "healthy"}


def test_the_parts_are_told_with_their_latency(house: House) -> None:
    (house.settings.home / "worker").mkdir()
    (house.settings.home / "worker" / "heartbeat").touch()
    answer = house.client().get("/api/v1/health")
    parts = answer.get_json()["parts"]
    assert answer.status_code == 200
    assert set(parts) == {"ledger", "gitlab", "worker", "sites"}
    assert parts["gitlab"]["latency_ms"] > 0
    assert parts["ledger"]["latency_ms"] > 0


def test_a_worker_that_never_came_is_told(house: House) -> None:
    answer = house.client().get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.get_json()["message"] == "not well: worker"
    assert "app.worker" in answer.get_json()["parts"]["worker"]["message"]


def test_a_part_that_hangs_is_asked_once_and_given_up_after_three_seconds() -> None:
    asked = []

    def hang() -> Part:
        asked.append(1)
        time.sleep(4)
        return Part(ok=True, message="late")

    probes = Probes({"slow": hang, "fast": lambda: Part(ok=True, message="well")})
    began = time.monotonic()
    probes.ask()
    found = probes.ask()
    assert found["fast"].ok
    assert time.monotonic() - began < 7
    assert len(asked) == 1


def test_a_hook_with_the_token_is_a_hint_about_its_project(house: House) -> None:
    token = house.settings.hook_token.reveal()
    answer = house.client().post("/hooks/gitlab", json=EVENT, headers={"X-Gitlab-Token": token})
    assert answer.status_code == 204
    assert house.noted == [DatasetId(4473)]


@pytest.mark.parametrize("token", ("", "wrong"))
def test_a_forged_hook_is_refused(house: House, token: str) -> None:
    answer = house.client().post("/hooks/gitlab", json=EVENT, headers={"X-Gitlab-Token": token})
    assert answer.status_code == 401
    assert house.noted == []


@pytest.mark.parametrize(
    "body", (b"", b"[]", b"{", b'{"project_id": "../1"}', b'{"project_id": -1}')
)
def test_a_strange_event_changes_nothing(house: House, body: bytes) -> None:
    headers = {"X-Gitlab-Token": house.settings.hook_token.reveal()}
    answer = house.client().post("/hooks/gitlab", data=body, headers=headers)
    assert answer.status_code in (204, 400)
    assert house.noted == []


def job(house: House, state: JobState = JobState.QUEUED) -> Job:
    return Job("a" * 32, "check", "1", "alice", state, house.clock.now(), total=3, unit="files")


def test_a_job_is_shown_to_its_owner_alone(house: House) -> None:
    house.ledger.jobs.create_job(job(house))
    ask = house.client().get
    mine = ask(f"/api/v1/jobs/{'a' * 32}", headers={"PRIVATE-TOKEN": house.token("alice")})
    assert mine.get_json()["state"] == "queued"
    other = ask(f"/api/v1/jobs/{'a' * 32}", headers={"PRIVATE-TOKEN": house.token("bob")})
    assert other.status_code == 404
    assert ask(f"/api/v1/jobs/{'a' * 32}").status_code == 401


def test_events_follow_a_job_to_its_end(house: House) -> None:
    house.ledger.jobs.create_job(job(house))
    headers = {"PRIVATE-TOKEN": house.token("alice")}
    answer = house.client().get(f"/api/v1/jobs/{'a' * 32}/events", headers=headers)
    assert answer.mimetype == "text/event-stream"
    stream = answer.iter_encoded()
    assert '"queued"' in next(stream).decode()
    now = house.clock.now()
    house.ledger.jobs.claim_job("a" * 32, now, now)
    house.ledger.jobs.end_job("a" * 32, JobState.DONE, message="", result={"n": 1})
    rest = b"".join(stream).decode()
    last = [line for line in rest.splitlines() if line.startswith("data: ")][-1]
    assert json.loads(last.removeprefix("data: "))["result"] == {"n": 1}


def test_requests_are_counted_by_route(house: House) -> None:
    for _ in range(3):
        house.client().get("/health")
    house.client().get("/api/v1/user")
    text = house.client().get("/metrics").text
    assert 'labset_requests_total{endpoint="health.alive",status="2xx"} 3' in text
    assert 'labset_requests_total{endpoint="api_identity.user",status="4xx"} 1' in text
    assert 'labset_request_seconds_count{endpoint="health.alive"} 3' in text


def test_the_description_and_its_page_are_served(house: House) -> None:
    assert house.client().get("/api/v1/openapi.json").get_json()["openapi"].startswith("3.1")
