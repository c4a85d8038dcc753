"""What processes take: their peak of memory and their computing time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_MEGABYTES = 400
MOST_CPU_SECONDS = 10.0


class Watch:
    """Watches a server and its children through `/proc`."""

    def __init__(self, server: int) -> None:
        text = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii")
        self._pids = [server, *map(int, text.split())]

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Fail if any process takes more memory or time than one request may (P14)."""
        for pid in self._pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        before = self._cpu_seconds()
        yield
        peak = max(map(self._peak_megabytes, self._pids))
        assert peak <= MOST_MEGABYTES, f"{peak} MB"
        taken = self._cpu_seconds() - before
        assert taken <= MOST_CPU_SECONDS, f"{taken} s of computing"

    def _cpu_seconds(self) -> float:
        ticks = 0
        for pid in self._pids:
            line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
            ticks += sum(map(int, line.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _peak_megabytes(pid: int) -> int:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
