"""Real S3 servers for tests: SeaweedFS and rclone's, each a context manager that always ends it."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.s3 import SeaweedServer
from tests.servers import free_port

BUCKET = "labset"


@dataclass(frozen=True)
class S3Server:
    """Where an S3 server answers, and its keys."""

    endpoint: str
    access_key: str
    secret_key: str


@contextmanager
def seaweed_server(home: Path) -> Iterator[S3Server]:
    """Run SeaweedFS in `home` with one bucket."""
    server = SeaweedServer(home, free_port(), buckets=(BUCKET,))
    server.start()
    try:
        server.wait()
        yield S3Server(server.endpoint, server.access_key, server.secret_key)
    finally:
        server.stop()


@contextmanager
def rclone_server(home: Path) -> Iterator[S3Server]:
    """Run rclone's S3 server over a folder with one bucket."""
    (home / BUCKET).mkdir(parents=True)
    port = free_port()
    rclone = Path(sys.executable).parent / "rclone"
    command = [
        *(str(rclone), "serve", "s3", str(home), "--addr", f"127.0.0.1:{port}"),
        *("--auth-key", "rclonekey,rclonesecret", "--vfs-cache-mode", "off", "--config", ""),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/", process)
            yield S3Server(f"http://127.0.0.1:{port}", "rclonekey", "rclonesecret")
        finally:
            process.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - the server above
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return
        except OSError:
            assert process.poll() is None, "the server ended by itself"
            assert time.monotonic() < limit, "the server was not ready in time"
            time.sleep(0.02)
        else:
            return
