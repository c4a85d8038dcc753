from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.model.jobs import JobState
from tests.integration.shell.conftest import KEY, House
from tests.integration.shell.test_jobs import new_job, state_of
from tests.servers import free_port

CHECKOUT = Path(__file__).resolve().parents[3]
WAIT_SECONDS = 40.0


def environment(house: House, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LABSET_HOME": str(house.settings.home),
        "LABSET_SECRET_KEY": KEY,
        "LABSET_GITLAB_URL": house.server.url,
        "PYTHONWARNINGS": "error::DeprecationWarning:app",
        **more,
    }


@contextmanager
def started(
    command: list[str], log: Path, settings: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("ab") as output,
        subprocess.Popen(command, cwd=CHECKOUT, env=settings, stdout=output, stderr=output) as one,
    ):
        try:
            yield one
        finally:
            one.kill()


def until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert process.poll() is None, log.read_text()[-3000:]
        assert time.monotonic() < limit, log.read_text()[-3000:]
        time.sleep(0.05)


def ended_after(process: subprocess.Popen[bytes], number: signal.Signals) -> float:
    began = time.monotonic()
    process.send_signal(number)
    process.wait(30)
    return time.monotonic() - began


WORKER = [sys.executable, "-m", "app.worker"]


def test_the_worker_takes_up_what_it_finds_survives_kill_and_stops_when_told(
    house: House, tmp_path: Path
) -> None:
    log, heartbeat = tmp_path / "log", house.settings.home / "worker" / "heartbeat"
    lost = new_job(house, 1)  # of a kind that no worker knows: it can only fail
    with started(WORKER, log, environment(house)) as worker:
        until(lambda: state_of(house, lost) is JobState.FAILED, worker, log)
        ended_after(worker, signal.SIGKILL)
    heartbeat.unlink()
    after = new_job(house, 2)
    with started(WORKER, log, environment(house)) as worker:
        until(lambda: state_of(house, after) is JobState.FAILED, worker, log)
        assert heartbeat.exists()
        assert ended_after(worker, signal.SIGTERM) < 10
    assert KEY not in log.read_text()


def web(port: int) -> list[str]:
    return [
        str(Path(sys.executable).with_name("gunicorn")),
        "--bind",
        f"127.0.0.1:{port}",
        "wsgi:app",
    ]


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False


def test_the_server_takes_bodies_without_a_length_and_stops_when_told(
    house: House, tmp_path: Path
) -> None:
    log, port = tmp_path / "log", free_port()
    url = f"http://127.0.0.1:{port}"

    def body() -> Iterator[bytes]:
        for _ in range(20):
            yield b'{"a": 1}'.ljust(1000)

    with started(web(port), log, environment(house, LABSET_ACCESS_LOG="1")) as server:
        until(lambda: is_up(url), server, log)
        hook = {"X-Gitlab-Token": house.settings.hook_token.reveal()}
        whole = httpx.post(f"{url}/hooks/gitlab", content=b'{"project_id": 1}', headers=hook)
        assert whole.status_code == 204
        chunked = httpx.post(f"{url}/hooks/gitlab", content=body(), headers=hook)
        assert (chunked.status_code, chunked.json()["error"]) == (400, "invalid")
        httpx.get(f"{url}/api/v1/user?private_token=c4nary", headers={"PRIVATE-TOKEN": "c4nary-2"})
        assert ended_after(server, signal.SIGTERM) < 10
    lines = log.read_text()
    assert '"path": "/api/v1/user"' in lines
    assert "c4nary" not in lines
    assert house.settings.hook_token.reveal() not in lines


@pytest.mark.parametrize(
    ("name", "value"), (("LABSET_SECRET_KEY", "change-me" * 9), ("LABSET_GITLAB_URL", ""))
)
def test_wrong_settings_refuse_to_start_and_name_the_variable(
    house: House, tmp_path: Path, name: str, value: str
) -> None:
    for number, command in enumerate((web(free_port()), WORKER)):
        log = tmp_path / f"log{number}"
        with started(command, log, environment(house) | {name: value}) as process:
            assert process.wait(WAIT_SECONDS) != 0
        assert f"Invalid: {name}" in log.read_text()
        assert not value or value not in log.read_text()
