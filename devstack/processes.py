"""Child processes that end with us, and that are started again when they fall."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
STOP_SECONDS = 8.0
_CALM_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 5.0


@dataclass(slots=True)
class Child:
    """One program of the stack: how it is started, and the process that runs now."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_seconds: float = field(default=0.0)

    @property
    def pid(self) -> int:
        """The process id. Raises RuntimeError, if it was never started."""
        if self.process is None:
            raise RuntimeError(f"{self.name} has not been started.")
        return self.process.pid

    def start(self) -> None:
        """Start it; what it prints goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, no locks
            )
        self.started_at = time.monotonic()

    def has_fallen(self) -> bool:
        """Whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def start_again(self) -> None:
        """Start it again after a fall; at once at first, slower if it falls soon after starting."""
        self._end_group()
        lived = time.monotonic() - self.started_at
        calm = lived > _CALM_SECONDS
        self.pause_seconds = 0.0 if calm else min(_LONGEST_PAUSE_SECONDS, self.pause_seconds + 0.5)
        time.sleep(self.pause_seconds)
        self.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, deadline: float) -> None:
        """Wait for its end until `deadline` (monotonic seconds), then end it by force."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._end_group()

    def _end_group(self) -> None:
        """End what it may have left behind: workers whose master was killed."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def wait_for(
    answers: Callable[[], bool], children: Sequence[Child], what: str, timeout_seconds: float = 60.0
) -> None:
    """Return when `answers` says so.

    Raises:  RuntimeError, naming the log, if a child ends or time runs out.
    """
    deadline = time.monotonic() + timeout_seconds
    while not answers():
        fallen = next((child for child in children if child.has_fallen()), None)
        if fallen is not None:
            raise RuntimeError(f"{fallen.name} ended at its start; read {fallen.log}.")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not answer within {timeout_seconds:.0f} s.")
        time.sleep(0.05)


def check_free(bind: str, port: int, setting: str) -> None:
    """Refuse to start where somebody else answers.

    Raises:  RuntimeError, naming the setting that chooses another port.
    """
    with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as problem:
            raise RuntimeError(
                f"{bind}:{port} cannot be used ({problem.strerror}); choose another port with {setting}."
            ) from problem


def _end_with_parent() -> None:
    """Let the kernel end us when whoever started us is gone (Linux)."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
