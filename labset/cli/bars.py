"""Progress on a terminal: a bar with rate and time left."""

from __future__ import annotations

import threading
import time

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from labset.watch import Watch

_DRAWN_EVERY_SECONDS = 0.1


class Bars(Watch):
    """One bar per piece of work; it stays when the work has ended."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._files = self._bytes = 0
        self._drawn_at = 0.0

    def begin(self, what: str, files: int, bytes_: int) -> None:
        """Draw a new bar."""
        self.end()
        with self._lock:
            self._files = self._bytes = 0
            self._progress = Progress(*_columns(), console=self._console)
            self._task = self._progress.add_task(
                what,
                total=bytes_ or files or None,
                files=files,
                done_files=0,
                in_bytes=bool(bytes_),
            )
            self._progress.start()

    def advance(self, files: int = 0, bytes_: int = 0) -> None:
        """Let the bar grow, a few times a second."""
        with self._lock:
            self._files += files
            self._bytes += bytes_
            now = time.monotonic()
            if now - self._drawn_at >= _DRAWN_EVERY_SECONDS:
                self._drawn_at = now
                self._draw()

    def say(self, text: str) -> None:
        """Print a sentence above the bar."""
        with self._lock:
            self._console.print(text, markup=False, highlight=False)

    def end(self) -> None:
        """Leave the bar as it is at the end."""
        with self._lock:
            if self._progress is not None:
                self._draw()
                self._progress.stop()
                self._progress = None

    def _draw(self) -> None:
        if self._progress is None:
            return
        in_bytes = self._progress.tasks[0].fields["in_bytes"]
        done = self._bytes if in_bytes else self._files
        self._progress.update(self._task, completed=done, done_files=self._files)


class _Files(ProgressColumn):
    """How many files are done."""

    def render(self, task: Task) -> Text:
        """Return `12/300 files`, or nothing where files are not counted."""
        all_ = task.fields["files"]
        return Text(f"{task.fields['done_files']:,}/{all_:,} files" if all_ else "")


class _OfBytes(ProgressColumn):
    """A column that makes sense for bytes only."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        """Return the column, or nothing where bytes are not counted."""
        return self._column.render(task) if task.fields["in_bytes"] else ""


def _columns() -> tuple[ProgressColumn, ...]:
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        _Files(),
        _OfBytes(DownloadColumn()),
        _OfBytes(TransferSpeedColumn()),
        TimeRemainingColumn(),
    )
