"""One at a time and first come, first served: between threads by a queue, between processes by a file."""

from __future__ import annotations

import fcntl
import os
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Unavailable

_POLL_SECONDS = 0.005

_guard = threading.Lock()
_queues: dict[str, deque[threading.Event]] = {}


@contextmanager
def locked(path: Path, *, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock file `path`; whoever dies lets go of it.

    Raises:  Unavailable, if it was not free in time.
    """
    deadline = time.monotonic() + timeout_seconds
    turn = _queue_up(str(path))
    try:
        if not turn.wait(timeout_seconds):
            raise _too_busy()
        descriptor = _lock_file(path, deadline)
        try:
            yield
        finally:
            os.close(descriptor)
    finally:
        _step_aside(str(path), turn)


def _queue_up(key: str) -> threading.Event:
    turn = threading.Event()
    with _guard:
        queue = _queues.setdefault(key, deque())
        queue.append(turn)
        if queue[0] is turn:
            turn.set()
    return turn


def _step_aside(key: str, turn: threading.Event) -> None:
    with _guard:
        queue = _queues[key]
        queue.remove(turn)
        if queue:
            queue[0].set()
        else:
            del _queues[key]


def _lock_file(path: Path, deadline: float) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        locked_in_time = _poll(descriptor, deadline)
    except BaseException:
        os.close(descriptor)
        raise
    if not locked_in_time:
        os.close(descriptor)
        raise _too_busy()
    return descriptor


def _poll(descriptor: int, deadline: float) -> bool:
    while not _try_lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    return True


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _too_busy() -> Unavailable:
    return Unavailable("This dataset is busy with other changes; try again in a moment.")


def _forget_queues() -> None:
    global _guard  # noqa: PLW0603 - the parent's lock may have been held when it forked
    _guard = threading.Lock()
    _queues.clear()


os.register_at_fork(after_in_child=_forget_queues)
