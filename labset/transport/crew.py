"""A few threads that work through a stream of tasks; the first failure ends the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class _NoMore:
    """Stands for the end of the tasks."""


_NO_MORE = _NoMore()


class Stopped(Exception):
    """Somebody else has failed: there is no point in going on."""


class Crew:
    """Runs `work` on each task with several threads; tasks are taken one by one, when one is free."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._taking = threading.Lock()
        self._stopped = threading.Event()
        self._failures: list[BaseException] = []

    def check(self) -> None:
        """Raise Stopped, where going on is no use; long work asks now and then."""
        if self._stopped.is_set():
            raise Stopped

    def run(self, work: Callable[[T], object], tasks: Iterable[T]) -> None:
        """Return when every task is done. Raises what the first failing one raised."""
        source = iter(tasks)
        threads = [
            threading.Thread(target=self._serve, args=(work, source), daemon=True)
            for _ in range(self._threads)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:  # Ctrl-C: the threads end by themselves
            self._stopped.set()
            raise
        if self._failures:
            raise self._failures[0]

    def _serve(self, work: Callable[[T], object], source: Iterator[T]) -> None:
        try:
            while not self._stopped.is_set():
                with self._taking:
                    task = next(source, _NO_MORE)
                if isinstance(task, _NoMore):
                    return
                work(task)
        except Stopped:
            return
        except BaseException as failure:  # noqa: BLE001 - its thread has nobody to tell
            self._failures.append(failure)
            self._stopped.set()
