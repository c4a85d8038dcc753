"""Asset databases that run alone, each a process on a free port of its own that always ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 60.0
ALICE, BOB = "alice-JX3kq9-token-of-tests", "bob-Zq81wm-token-of-the-tests"
ROOT_TOKEN = "root-Pw05vu-token-of-the-tests"
COMMAND = [sys.executable, "-m", "app.assets_alone"]


def environment(home: Path, port: int, more: Mapping[str, str]) -> dict[str, str]:
    """Return what a server is started with: nothing of the one who tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {
        "PYTHONPATH": str(ROOT),
        "LABSET_HOME": str(home),
        "LABSET_ASSETS_PORT": str(port),
        "LABSET_WEB_PROCESSES": "1",
    }
    return {**kept, **own, **more}


def refused_start(home: Path, more: Mapping[str, str]) -> str:
    """Start one that cannot be; return what it said."""
    ended = subprocess.run(
        COMMAND,
        env=environment(home, free_port(), more),
        capture_output=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == 1, ended
    assert ended.stdout == b""
    told = ended.stderr.decode()
    assert "Traceback" not in told
    return told


def write_tokens(folder: Path) -> Path:
    place = folder / "tokens"
    place.write_text(f"alice {ALICE}\nbob {BOB}\nroot {ROOT_TOKEN} admin\n")
    place.chmod(0o600)
    return place


@dataclass
class Server:
    """One asset database; `start` and `kill` may follow one another."""

    home: Path
    more: Mapping[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home.with_suffix(".log")

    def start(self) -> None:
        settings = environment(self.home, self.port, self.more)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                COMMAND, env=settings, stdout=output, stderr=output, start_new_session=True
            )
        limit = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.process.poll() is None, self.told()
            assert time.monotonic() < limit, self.told()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def told(self) -> str:
        return self.log.read_text(errors="replace")

    def end(self, number: int = signal.SIGTERM) -> None:
        """End the process and all that it started."""
        if self.process is None:
            return
        group, process, self.process = self.process.pid, self.process, None
        if number == signal.SIGKILL:
            os.killpg(group, number)
        else:
            process.send_signal(number)
        process.wait(15)

    def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - httpx's
    ) -> httpx.Response:
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=30, **more)

    def upload(self, name: str, data: bytes, token: str = "", **told: object) -> httpx.Response:
        version = {"version": "1.0", "tag": "initial"}
        about = {"asset_name": name, "asset_version": version, **told}
        return self.ask(
            "POST",
            "/upload_asset",
            token,
            files={"asset": (f"{name}.bin", data)},
            data={"asset_metadata": json.dumps(about)},
        )

    def find(self, query: object, path: str = "/assets", token: str = "") -> list[dict[str, Any]]:
        answer = self.ask("POST", path, token, json=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def db_id(self) -> str:
        return (self.home / "assets-db-id").read_text().strip()


@contextmanager
def serving(home: Path, more: Mapping[str, str]) -> Iterator[Server]:
    server = Server(home, more)
    server.start()
    try:
        yield server
    finally:
        server.end()


def run_line(line: str, folder: Path) -> bytes:
    """Run a line of a shell as somebody would who copied it; `$` and quotes are the shell's."""
    curl = subprocess.run(
        ["sh", "-c", line.replace("curl ", "curl --silent --show-error ", 1)],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert curl.returncode == 0, (shlex.quote(line), curl.stderr.decode())
    return curl.stdout
