from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pygit2
import pytest

from core.errors import Unavailable
from core.model.access import ANONYMOUS, Actor, Secret
from gitlab_bridge.locks import locked
from gitlab_bridge.program import Failure, run_git

TOKEN = Actor(Secret("glpat-canary"))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    pygit2.init_repository(str(tmp_path / "r.git"), bare=True)
    return tmp_path / "r.git"


def test_git_reads_no_configuration_of_the_machine(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[core]\n\tfsyncMethod = batch\n[user]\n\tname = host\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'user.name'='sly'")
    outcome = run_git(
        ["config", "--list", "--show-scope"], folder=bare, actor=ANONYMOUS, timeout_seconds=10
    )
    scopes = {line.split("\t")[0] for line in outcome.stdout.splitlines()}
    assert scopes == {"command", "local"}
    assert "user.name" not in outcome.stdout


def test_git_inherits_nothing_secret_and_no_token_stands_in_its_arguments(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSET_SECRET_KEY", "canary-key")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    seen = run_git(
        ["show-all"],
        folder=bare,
        actor=TOKEN,
        timeout_seconds=10,
        config={"alias.show-all": "!env; cat /proc/$PPID/cmdline"},
    )
    assert seen.failure is Failure.NONE
    assert "canary-key" not in seen.stdout
    assert "/elsewhere" not in seen.stdout
    assert "glpat-canary" not in seen.stdout  # it is there as Basic credentials only
    assert "Authorization: Basic" in seen.stdout
    assert "Basic" not in seen.stdout.rpartition("\n")[2]


def test_git_speaks_http_only(bare: Path) -> None:
    for url in (str(bare), f"file://{bare}", "ext::sh -c touch% /tmp/x", "ssh://localhost/x"):
        outcome = run_git(["fetch", url], folder=bare, actor=ANONYMOUS, timeout_seconds=10)
        assert "not allowed" in outcome.stderr, url


def test_a_program_that_takes_too_long_is_killed_with_its_children(bare: Path) -> None:
    began = time.monotonic()
    outcome = run_git(
        ["wait"],
        folder=bare,
        actor=ANONYMOUS,
        timeout_seconds=0.3,
        config={"alias.wait": f"!echo $$ > {bare}/pid; sleep 60 & wait"},
    )
    assert outcome.failure is Failure.UNREACHABLE
    assert time.monotonic() - began < 5
    pid = int((bare / "pid").read_text())
    limit = time.monotonic() + 5
    while _lives(pid):
        assert time.monotonic() < limit
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()


def test_a_lock_is_given_in_the_order_of_asking(tmp_path: Path) -> None:
    order: list[int] = []
    threads = []

    def take(number: int) -> None:
        with locked(tmp_path / "lock", timeout_seconds=20):
            order.append(number)

    with locked(tmp_path / "lock", timeout_seconds=1):
        for number in range(20):
            thread = threading.Thread(target=take, args=(number,))
            thread.start()
            threads.append(thread)
            limit = time.monotonic() + 5
            while threading.active_count() < number + 2:
                assert time.monotonic() < limit
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_a_lock_that_does_not_come_free_is_told_in_time(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", timeout_seconds=1),
        pytest.raises(Unavailable),
        locked(tmp_path / "lock", timeout_seconds=0.1),
    ):
        pass
    with locked(tmp_path / "lock", timeout_seconds=1):
        pass
