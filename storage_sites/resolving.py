"""The names of hosts, looked up within a bounded time."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread

LOOKUP_SECONDS = 3.0


def resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a host.

    Raises:  OSError, if there is none or nobody answers within 3 seconds.
    """
    answer: Future[Sequence[str]] = Future()
    Thread(target=_look_up, args=(host, port, answer), name="resolve", daemon=True).start()
    return answer.result(LOOKUP_SECONDS)


def _look_up(host: str, port: int, answer: Future[Sequence[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        answer.set_exception(problem)
        return
    answer.set_result([str(entry[4][0]) for entry in found])
