"""The whole product for measurements: its own home, its own ports, ended at the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.memory import children, resident_bytes

START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Running:
    """A running stack; `ready` is what `ready.json` says."""

    home: Path
    ready: dict[str, Any]

    @property
    def api(self) -> str:
        """The base of the API."""
        return f"{self.ready['app_url']}/api/v1"

    @property
    def token(self) -> str:
        """Alice's token."""
        return str(self.ready["users"]["alice"]["token"])

    def resident_bytes(self) -> int:
        """Return what the web processes hold in memory together, now."""
        web = int(self.ready["pids"]["web"])
        return sum(resident_bytes(pid) for pid in (web, *children(web)))


@contextmanager
def running_stack(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start the stack in `home` with its demo, yield it, end it.

    `settings` are variables of its environment, where it shall not choose by itself.
    """
    ports = {
        name: str(_free_port()) for name in ("LABSET_PORT", "LABSET_GITLAB_PORT", "LABSET_S3_PORT")
    }
    environment = {**os.environ, **ports, **(settings or {}), "LABSET_HOME": str(home)}
    home.mkdir(parents=True, exist_ok=True)
    with (home / "stack.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "devstack"], env=environment, stdout=log, stderr=log
        )
    try:
        yield Running(home, _wait_for_ready(home, process))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for_ready(home: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    path = home / "ready.json"
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The stack did not start; read {home / 'stack.log'}.")
        time.sleep(0.1)
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
