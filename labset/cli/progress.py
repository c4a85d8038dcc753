"""How far a transfer is: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import threading
import time
from importlib import import_module
from typing import TextIO, cast

from labset.cli.output import counted, human_size
from labset.watch import Watch

_LINE_EVERY_SECONDS = 5.0


def find_watch(*, quiet: bool = False) -> Watch:
    """Return who shows progress here."""
    if quiet:
        return Silent()
    if sys.stderr.isatty():  # rich is loaded only where it can be seen
        return cast("Watch", import_module("labset.cli.bars").Bars())
    return Lines(sys.stderr)


class Silent(Watch):
    """Says only what people must know."""

    def say(self, text: str) -> None:
        """Print a sentence."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - to the terminal


class Lines(Watch):
    """A line at the end of each piece of work, and one every few seconds on the way."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._count = Count()

    def begin(self, what: str, files: int, bytes_: int) -> None:
        """Start counting."""
        with self._lock:
            self._count = Count(what, files, bytes_)

    def advance(self, files: int = 0, bytes_: int = 0) -> None:
        """Count; say it if the last line is some seconds old."""
        with self._lock:
            self._count.add(files, bytes_)
            if self._count.is_due(_LINE_EVERY_SECONDS):
                self._print(self._count.on_the_way())

    def say(self, text: str) -> None:
        """Print a sentence."""
        with self._lock:
            self._print(text)

    def end(self) -> None:
        """Print what was done, if it was anything."""
        with self._lock:
            if self._count.anything:
                self._print(self._count.at_the_end())
            self._count = Count()

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class Count:
    """What was done of a piece of work, and how fast."""

    def __init__(self, what: str = "", files: int = 0, size: int = 0) -> None:
        self.what = what
        self.files, self.bytes = files, size
        self.done_files = self.done_bytes = 0
        self._began = self._told = time.monotonic()

    @property
    def anything(self) -> bool:
        """Whether there was something to do."""
        return bool(self.done_files or self.done_bytes)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return max(time.monotonic() - self._began, 0.001)

    def add(self, files: int, size: int) -> None:
        """Count what is done."""
        self.done_files += files
        self.done_bytes += size

    def is_due(self, seconds: float) -> bool:
        """Whether the last yes was so long ago."""
        now = time.monotonic()
        due = now - self._told >= seconds
        if due:
            self._told = now
        return due

    def on_the_way(self) -> str:
        """Return how far it is, how fast, and how long it will take."""
        parts = [self._files_text(), self._bytes_text(), self._rate_text(), self._left_text()]
        return f"{self.what}: {', '.join(part for part in parts if part)}"

    def at_the_end(self) -> str:
        """Return what was done and how long it took."""
        parts = [counted(self.done_files, "file") if self.done_files else ""]
        parts.append(human_size(self.done_bytes) if self.done_bytes else "")
        told = ", ".join(part for part in parts if part)
        rate = self._rate_text()
        return f"{self.what}: {told} in {self.seconds:.1f} s" + (f", {rate}" if rate else "")

    def _files_text(self) -> str:
        if not self.files:
            return counted(self.done_files, "file") if self.done_files else ""
        return f"{self.done_files:,} of {counted(self.files, 'file')}"

    def _bytes_text(self) -> str:
        if not self.bytes:
            return human_size(self.done_bytes) if self.done_bytes else ""
        return f"{human_size(self.done_bytes)} of {human_size(self.bytes)}"

    def _rate_text(self) -> str:
        return f"{human_size(self.done_bytes / self.seconds)}/s" if self.done_bytes else ""

    def _left_text(self) -> str:
        done, all_ = (self.done_bytes, self.bytes) if self.bytes else (self.done_files, self.files)
        if not done or all_ <= done:
            return ""
        return f"{(all_ - done) * self.seconds / done:.0f} s left"
