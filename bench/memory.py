"""How much memory processes hold while something runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

_SAMPLE_SECONDS = 0.05


class MemoryWatch:
    """Samples a number of bytes while something runs, and keeps the highest."""

    def __init__(self, resident_bytes: Callable[[], int]) -> None:
        self._resident_bytes = resident_bytes
        self._before = resident_bytes()
        self.highest_bytes = self._before
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    @property
    def growth_bytes(self) -> int:
        """How much more than before it was at the highest."""
        return self.highest_bytes - self._before

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.highest_bytes = max(self.highest_bytes, self._resident_bytes())


def tree_resident_bytes(pid: int) -> int:
    """Return what a process and all below it hold now; pages that they share count for each."""
    return resident_bytes(pid) + sum(tree_resident_bytes(child) for child in children(pid))


def children(pid: int) -> list[int]:
    """Return the processes that any thread of a process started; none, if it has ended."""
    try:
        texts = [
            (task / "children").read_text(encoding="ascii")
            for task in Path(f"/proc/{pid}/task").iterdir()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(word) for text in texts for word in text.split()]


def resident_bytes(pid: int) -> int:
    """Return what a process holds now; nothing, if it has ended."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE")
