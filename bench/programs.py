"""Starts the programs that are measured, in an environment that nothing of this user leaks into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.memory import MemoryWatch, tree_resident_bytes

_MOST_SECONDS = 3600.0
_TOLD_CHARACTERS = 800  # of what a failing program said
_GIT_SETTINGS = """\
[user]
\tname = bench
\temail = bench@labset.example
[init]
\tdefaultBranch = main
[gc]
\tauto = 0
[annex "security"]
\tallowed-ip-addresses = all
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """Variables, without a shell: every program is started from a list."""

    environment: Mapping[str, str]

    def run(self, folder: Path, *command: str) -> str:
        """Return what the program printed. Raises RuntimeError, with what it complained about."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout)[-_TOLD_CHARACTERS:]
            raise RuntimeError(f"{' '.join(command[:4])} failed: {said}")
        return done.stdout

    def run_watched(self, folder: Path, *command: str) -> Run:
        """Run it and see how much memory it takes with its children."""
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch = MemoryWatch(lambda: tree_resident_bytes(process.pid))
        with watch:
            _, said = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[:4])} failed: {said[-_TOLD_CHARACTERS:]}")
        return Run(time.perf_counter() - started, watch.highest_bytes)

    def adding(self, **variables: str) -> Shell:
        """Return one with more variables."""
        return Shell({**self.environment, **variables})


@dataclass(frozen=True, slots=True)
class Run:
    """What a program took."""

    seconds: float
    highest_bytes: int


def make_shell(home: Path) -> Shell:
    """Return a shell whose home is a new folder with git's name and nothing else."""
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(_GIT_SETTINGS, encoding="utf-8")
    kept = ("LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "TMPDIR")
    return Shell(
        {name: os.environ[name] for name in kept if name in os.environ}
        | {
            "PATH": search_path(),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
    )


def search_path() -> str:
    """Return where programs are looked for: beside this Python first."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def find_program(name: str) -> str | None:
    """Return where a program is, or None."""
    return shutil.which(name, path=search_path())


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
