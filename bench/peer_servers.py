"""Servers of peers: each installed in a virtual environment of its own beside the user's other caches."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


class NotInstallable(Exception):
    """Its packages cannot be had; the message says why."""


def ensure_environment(name: str, packages: Sequence[str]) -> Path:
    """Return the folder of the environment's programs; it is made once for each list of packages.

    Raises:  NotInstallable.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    mark = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:12]
    place = cache / "labset-bench" / f"{name}-{mark}"
    if (place / "complete").exists():
        return place / "bin"
    shutil.rmtree(place, ignore_errors=True)
    uv = str(Path(sys.executable).parent / "uv")
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(place)],
        [uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python"), *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstallable(f"{name} cannot be installed: {done.stderr.strip()[-300:]}")
    (place / "complete").touch()
    return place / "bin"


def free_port() -> int:
    """Return a port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Start a server that listens on `port`, yield its address once it answers, end it."""
    address = f"http://127.0.0.1:{port}"
    with log.open("ab") as file:
        process = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdout=file, stderr=file
        )
    try:
        _wait(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 - our own server's address
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{Path(log).stem} did not start: {log.read_text(errors='replace')[-500:]}")
