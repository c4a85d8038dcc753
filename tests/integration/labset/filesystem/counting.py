"""A way to a server that counts the bytes that come back, and cuts connections when told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_PIECE_BYTES = 64 * 1024


class Way:
    """Passes connections on to one server."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.received = 0  # bytes from the server
        self.cuts_left = 0  # connections that break after half a megabyte
        self.cuts = 0

    @property
    def url(self) -> str:
        """Where this end of the way is."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until `close`."""
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pass_on(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(self._target) as server:
            threading.Thread(target=_copy, args=(caller, server), daemon=True).start()
            sent = 0
            with contextlib.suppress(OSError):
                while piece := server.recv(_PIECE_BYTES):
                    self.received += len(piece)
                    sent += len(piece)
                    caller.sendall(piece)
                    if sent > 8 * _PIECE_BYTES and self.cuts_left:
                        self.cuts_left -= 1
                        self.cuts += 1
                        break
            for end in (caller, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextmanager
def counted_way(target: str) -> Iterator[Way]:
    """Open a way to a server, and close it afterwards."""
    way = Way(target)
    thread = threading.Thread(target=way.serve, daemon=True)
    thread.start()
    try:
        yield way
    finally:
        way.close()
        thread.join(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE_BYTES):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
