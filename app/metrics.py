"""Counters for Prometheus, shared by the processes of one machine through small mapped files.

Each process writes its own file of 64-bit numbers; whoever is asked adds up all of them. Counting costs
about two microseconds. The files of processes that ended stay until the server starts again
(`gunicorn.conf.py` removes them), because counters only grow.
"""

from __future__ import annotations

import mmap
import os
import threading
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

from flask import Flask, Response, g, request

_FOLDER = "metrics"
_BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_CLASSES = ("2xx", "3xx", "4xx", "5xx")
_FIRST_CLASS = 2
_BUCKETS = len(_BOUNDS_SECONDS) + 1
_PER_ENDPOINT = len(_CLASSES) + _BUCKETS + 1  # the last: microseconds in all
_WORD_BYTES = 8


class Counts:
    """What this process counted, by endpoint; opened at the first request, after the fork."""

    def __init__(self, folder: Path, endpoints: Sequence[str]) -> None:
        self._folder = folder
        self._rows = {name: number * _PER_ENDPOINT for number, name in enumerate(endpoints)}
        self._words: memoryview | None = None
        self._pid = 0
        self._guard = threading.Lock()

    def add(self, endpoint: str, status: int, seconds: float) -> None:
        """Count one answer."""
        row = self._rows.get(endpoint)
        if row is None:
            return
        bucket = next((n for n, bound in enumerate(_BOUNDS_SECONDS) if seconds <= bound), -1)
        bucket = bucket if bucket >= 0 else len(_BOUNDS_SECONDS)
        kind = min(max(status // 100 - _FIRST_CLASS, 0), len(_CLASSES) - 1)
        with self._guard:
            words = self._mine()
            words[row + kind] += 1
            words[row + len(_CLASSES) + bucket] += 1
            words[row + _PER_ENDPOINT - 1] += int(seconds * 1_000_000)

    def text(self) -> str:
        """Return what all processes counted, in Prometheus' text format 0.0.4."""
        total = self._total()
        lines = ["# HELP labset_requests_total Answers by route and status class."]
        lines += ["# TYPE labset_requests_total counter"]
        for name, row in self._rows.items():
            lines += [
                f'labset_requests_total{{endpoint="{name}",status="{kind}"}} {total[row + number]}'
                for number, kind in enumerate(_CLASSES)
                if total[row + number]
            ]
        lines += ["# HELP labset_request_seconds Time until the answer begins, by route."]
        lines += ["# TYPE labset_request_seconds histogram"]
        for name, row in self._rows.items():
            lines += _histogram(name, total[row + len(_CLASSES) : row + _PER_ENDPOINT])
        return "\n".join(lines) + "\n"

    def _mine(self) -> memoryview:
        if self._words is None or self._pid != os.getpid():
            self._pid = os.getpid()
            size = len(self._rows) * _PER_ENDPOINT * _WORD_BYTES
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{self._pid}-{time.time_ns()}").open("w+b") as file:
                file.truncate(size)
                self._words = memoryview(mmap.mmap(file.fileno(), size)).cast("Q")
        return self._words

    def _total(self) -> list[int]:
        total = [0] * (len(self._rows) * _PER_ENDPOINT)
        for file in self._folder.glob("*") if self._folder.is_dir() else ():
            words = array("Q", file.read_bytes())
            if len(words) == len(total):
                total = [one + other for one, other in zip(total, words, strict=True)]
        return total


def register_metrics(app: Flask, home: Path) -> None:
    """Count every answer of `app`, and let `/metrics` tell."""
    opened: list[Counts] = []
    guard = threading.Lock()

    def counts() -> Counts:
        with guard:
            if not opened:
                names = sorted({rule.endpoint for rule in app.url_map.iter_rules()})
                opened.append(Counts(home / _FOLDER, names))
        return opened[0]

    def begin() -> None:
        g.began_at = time.perf_counter()

    def count(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("began_at", time.perf_counter())
        counts().add(request.endpoint or "", response.status_code, seconds)
        return response

    app.before_request(begin)
    app.after_request(count)
    app.extensions["labset.counts"] = counts


def _histogram(name: str, words: Sequence[int]) -> list[str]:
    """Return the lines of one route; `words` are its buckets and its microseconds."""
    *buckets, microseconds = words
    if not any(buckets):
        return []
    lines, so_far = [], 0
    for bound, number in zip((*_BOUNDS_SECONDS, "+Inf"), buckets, strict=True):
        so_far += number
        lines.append(f'labset_request_seconds_bucket{{endpoint="{name}",le="{bound}"}} {so_far}')
    lines.append(f'labset_request_seconds_sum{{endpoint="{name}"}} {microseconds / 1_000_000}')
    lines.append(f'labset_request_seconds_count{{endpoint="{name}"}} {so_far}')
    return lines
