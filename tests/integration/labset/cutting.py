"""A wire between the client and a server that cuts connections at random offsets."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_PIECE_BYTES = 16 * 1024
_RESET = struct.pack("ii", 1, 0)


class CuttingWire:
    """Listens on a free port and leads to `target`; `cuts` more connections are cut on their way.

    A connection that is cut carries between 1 byte and `most_bytes` in both directions together.
    """

    def __init__(self, target: str, *, cuts: int, most_bytes: int, seed: int = 1) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._chance = random.Random(seed)
        self._most_bytes = most_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.left = cuts
        self.carried = 0  # bytes from the target, all connections together
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(self._target) as server:
            budget = _Budget(self._next_budget())
            back = threading.Thread(
                target=_pump, args=(server, caller, budget, self._count), daemon=True
            )
            back.start()
            _pump(caller, server, budget, lambda _: None)
            back.join()
            if budget.is_spent:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _count(self, count: int) -> None:
        with self._lock:
            self.carried += count

    def _next_budget(self) -> int:
        with self._lock:
            if self.left <= 0:
                return 10**15
            self.left -= 1
            return self._chance.randint(1, self._most_bytes)


class _Budget:
    """How many bytes a connection still carries."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._lock = threading.Lock()

    @property
    def is_spent(self) -> bool:
        """Whether the connection is to be cut."""
        return self._left <= 0

    def take(self, wanted: int) -> int:
        """Return how many of these bytes pass."""
        with self._lock:
            count = min(wanted, max(0, self._left))
            self._left -= wanted
            return count


def _pump(
    reader: socket.socket,
    writer: socket.socket,
    budget: _Budget,
    count_up: Callable[[int], object],
) -> None:
    with contextlib.suppress(OSError):
        while piece := reader.recv(_PIECE_BYTES):
            count = budget.take(len(piece))
            writer.sendall(piece[:count])
            count_up(count)
            if budget.is_spent:
                break
    for side in (reader, writer):
        with contextlib.suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


@contextmanager
def cutting(target: str, *, cuts: int, most_bytes: int, seed: int = 1) -> Iterator[CuttingWire]:
    """Give a wire to `target` and close it."""
    wire = CuttingWire(target, cuts=cuts, most_bytes=most_bytes, seed=seed)
    try:
        yield wire
    finally:
        wire.close()
