"""Real servers for tests: each a context manager that starts a process and always ends it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0


@dataclass(frozen=True)
class GitLabServer:
    """A running look-alike and its administrator's token."""

    url: str
    root_token: str


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], ready: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, wait until it has written `ready`, end it afterwards."""
    ready.unlink(missing_ok=True)
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            limit = time.monotonic() + START_SECONDS
            while not ready.exists():
                assert process.poll() is None, log.read_text(errors="replace")[-2000:]
                assert time.monotonic() < limit, f"{command} was not ready in time"
                time.sleep(0.02)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def gitlab_server(home: Path) -> Iterator[GitLabServer]:
    """Run the GitLab look-alike in `home`."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    token_file, ready = home / "root.token", home / "ready"
    command = [
        *(sys.executable, "-m", "devstack.gitlab", "--home", str(home / "data")),
        *("--port", str(port), "--root-token-file", str(token_file), "--ready-file", str(ready)),
    ]
    with running(command, ready, home / "log"):
        yield GitLabServer(f"http://127.0.0.1:{port}", token_file.read_text().strip())
