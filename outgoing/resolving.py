"""Names of hosts, looked up within a deadline: the system's own look-up may hang for a minute."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread

from core.model.addresses import Resolve
from outgoing.deadline import Deadline
from outgoing.problems import BUSY, CallFailed

MAX_LOOKUPS_AT_ONCE = 32


def resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a host. Raises: OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Lookups:
    """Asks `resolve` in threads that may be left behind, but never in more than 32."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._room = BoundedSemaphore(MAX_LOOKUPS_AT_ONCE)

    def find(self, host: str, port: int, deadline: Deadline) -> Sequence[str]:
        """Return the addresses of a host, each once.

        Raises:  OSError, if there are none or the deadline is over; CallFailed, where too many
                 look-ups hang.
        """
        if not self._room.acquire(timeout=deadline.left()):
            raise CallFailed(BUSY)
        answer: Future[Sequence[str]] = Future()
        try:
            Thread(
                target=self._look_up, args=(host, port, answer), name="lookup", daemon=True
            ).start()
        except RuntimeError as error:  # the machine has no more threads
            self._room.release()
            raise CallFailed(BUSY) from error
        return answer.result(deadline.left())

    def _look_up(self, host: str, port: int, answer: Future[Sequence[str]]) -> None:
        try:
            answer.set_result(tuple(dict.fromkeys(self._resolve(host, port))))
        except UnicodeError as problem:
            answer.set_exception(OSError(str(problem)))
        except Exception as problem:  # noqa: BLE001 - whoever waits is told of any
            answer.set_exception(problem)
        finally:
            self._room.release()
