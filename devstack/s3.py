"""A real S3 server for one machine: SeaweedFS (`weed mini`), with generated keys, memory bounded.

`python -m devstack.s3 --home DIR --port N` runs it until it is told to stop. Everything but S3 itself
listens on loopback, on ports that were free at the first start and are kept.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

from devstack.private_files import write_private
from devstack.relay import Relay

LOOPBACK = "127.0.0.1"
MEMORY_LIMIT = "300MiB"  # Go's own limit; without it 512 MB objects took 930 MB
STOP_SECONDS = 5.5
START_SECONDS = 30.0
POLL_SECONDS = 0.05
_INNER_PORTS = (
    "s3.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "admin.port",
    "admin.port.grpc",
    "relayed",  # where S3 listens when a relay stands before it
)


class SeaweedServer:
    """One S3 server whose keys and bytes live under `home`; started again it has both.

    Keys that are not given are generated once and kept in `home/keys.json` (0600). The buckets are
    created at every start where they are not there yet.
    """

    def __init__(
        self,
        home: Path,
        port: int,
        bind: str = LOOPBACK,
        access_key: str | None = None,
        secret_key: str | None = None,
        buckets: tuple[str, ...] = ("labset",),
    ) -> None:
        """Prepare the home; nothing is started yet."""
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = port
        self.bind = bind
        self.buckets = buckets
        self.access_key, self.secret_key = self._keep_keys(access_key, secret_key)
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: Relay | None = None

    @property
    def endpoint(self) -> str:
        """The address of S3 on this machine."""
        host = LOOPBACK if ipaddress.ip_address(self.bind).is_unspecified else self.bind
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def pid(self) -> int:
        """The process that holds the bytes. Raises RuntimeError, if nothing runs."""
        if self._process is None:
            raise RuntimeError("The S3 server has not been started.")
        return self._process.pid

    def start(self) -> None:
        """Start it and come back at once; `wait` tells when it answers."""
        weed = _find_weed()
        self._end_former()
        _check_free(self.bind, self.port)
        self._ports = ports = self._keep_ports()
        (self.home / "data").mkdir(exist_ok=True)
        self._process = self._spawn([weed, *self._command(ports)])
        (self.home / "pid").write_text(str(self._process.pid), encoding="utf-8")
        if self._relay is None and not self._is_on_loopback():
            self._relay = Relay(self.bind, self.port, (LOOPBACK, ports["relayed"]))
            self._relay.start()

    def runs(self) -> bool:
        """Whether it was started and is still there."""
        return self._process is not None and self._process.poll() is None

    def wait(self, timeout_seconds: float = START_SECONDS) -> None:
        """Return when S3 answers. Raises RuntimeError, if the process ends or time runs out."""
        deadline = time.monotonic() + timeout_seconds
        while not self.answers():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"The S3 server did not start; see {self.home / 'server.log'}.")
            time.sleep(POLL_SECONDS)

    def answers(self) -> bool:
        """Whether S3 knows its keys (it then refuses strangers) and every bucket is there."""
        if _status(self.endpoint) != HTTPStatus.FORBIDDEN:
            return False
        filer = f"http://{self._inner_host}:{self._ports['filer.port']}"
        return all(_status(f"{filer}/buckets/{name}/") == HTTPStatus.OK for name in self.buckets)

    def stop(self) -> None:
        """End it, by force after 5.5 seconds."""
        if self._relay is not None:
            self._relay.stop()
            self._relay = None
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        (self.home / "pid").unlink(missing_ok=True)

    def _keep_keys(self, access_key: str | None, secret_key: str | None) -> tuple[str, str]:
        kept_file = self.home / "keys.json"
        kept = json.loads(kept_file.read_text(encoding="utf-8")) if kept_file.exists() else {}
        access = access_key or kept.get("access_key") or f"LABSET{secrets.token_hex(7).upper()}"
        secret = secret_key or kept.get("secret_key") or secrets.token_urlsafe(30)
        write_private(kept_file, json.dumps({"access_key": access, "secret_key": secret}, indent=2))
        identity = {
            "name": "labset",
            "credentials": [{"accessKey": access, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_private(
            self.home / "identities.json", json.dumps({"identities": [identity]}, indent=2)
        )
        return access, secret

    def _keep_ports(self) -> dict[str, int]:
        """Return the inner ports of the last start where they are free, else new ones."""
        kept_file = self.home / "ports.json"
        kept = json.loads(kept_file.read_text(encoding="utf-8")) if kept_file.exists() else {}
        if set(kept) != set(_INNER_PORTS) or not all(map(_is_free, kept.values())):
            kept = dict(zip(_INNER_PORTS, _free_ports(len(_INNER_PORTS)), strict=True))
            write_private(kept_file, json.dumps(kept, indent=2))
        return {name: int(port) for name, port in kept.items()}

    def _is_on_loopback(self) -> bool:
        return ipaddress.ip_address(self.bind).is_loopback

    @property
    def _inner_host(self) -> str:
        return self.bind if self._is_on_loopback() else LOOPBACK

    def _command(self, ports: dict[str, int]) -> list[str]:
        chosen = {name: port for name, port in ports.items() if name != "relayed"}
        return [
            *self._logging(),
            "mini",
            f"-dir={self.home / 'data'}",
            f"-ip={self._inner_host}",
            f"-ip.bind={self._inner_host}",
            f"-s3.port={self.port if self._is_on_loopback() else ports['relayed']}",
            f"-s3.config={self.home / 'identities.json'}",
            f"-bucket={','.join(self.buckets)}",
            "-s3.autoCreateBucket=false",  # a bucket that is missing is missing, as elsewhere
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-admin.ui=false",
            "-webdav=false",
            "-master.telemetry=false",
            *(f"-{name}={port}" for name, port in chosen.items()),
        ]

    def _logging(self) -> list[str]:
        logs = self.home / "logs"
        logs.mkdir(exist_ok=True)
        return [f"-logdir={logs}", "-log_max_size_mb=16", "-log_max_files=2"]

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.home / "server.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.home,
                env={**os.environ, "GOMEMLIMIT": MEMORY_LIMIT},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches whoever started us, who then stops it last
            )

    def _end_former(self) -> None:
        """End what a killed starter left running on this home."""
        try:
            pid = int((self.home / "pid").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        if self._is_ours(pid):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._is_ours(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(POLL_SECONDS)

    def _is_ours(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return str(self.home / "identities.json").encode() in command


def _find_weed() -> str:
    beside = shutil.which("weed", path=str(Path(sys.executable).parent))
    weed = beside or shutil.which("weed")
    if weed is None:
        raise RuntimeError("The program weed is not there; `make install` brings it.")
    return weed


def _status(url: str) -> int | None:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - the same
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code
    except OSError:
        return None


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _is_free(port: int) -> bool:
    try:
        _check_free(LOOPBACK, port)
    except RuntimeError:
        return False
    return True


def _check_free(bind: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((bind, port))
        except OSError as problem:
            raise RuntimeError(
                f"The S3 server cannot listen on {bind}:{port}: {problem}"
            ) from problem


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m devstack.s3", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of keys and bytes")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--bind", default=LOOPBACK)
    parser.add_argument("--bucket", action="append", help="may be given again; default: labset")
    given = parser.parse_args()
    buckets = tuple(given.bucket or ("labset",))
    server = SeaweedServer(given.home, given.port, given.bind, buckets=buckets)
    ending = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    server.start()
    try:
        server.wait()
        print(
            f"S3 answers at {server.endpoint}; the keys are in {server.home / 'keys.json'}",
            flush=True,
        )
        signal.sigwait(ending)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
