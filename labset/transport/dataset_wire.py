"""One dataset by plain HTTP, for what is large."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from labset.transport.connection import Connection, dataset_path
from labset.transport.server_wire import ServerWire
from labset.transport.wire import Answer, Body, Wire


class DatasetWire:
    """Speaks to Labset about one dataset, and to its storage site by links without the token."""

    def __init__(self, connection: Connection, dataset_id: int) -> None:
        self.connection = connection
        self.dataset_id = dataset_id
        self._server = ServerWire(connection)

    def path(self, *parts: str) -> str:
        """Return the path of something in the dataset, as `Connection` takes it."""
        return dataset_path(self.dataset_id, *parts)

    def ask(
        self,
        method: str,
        *parts: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> AbstractContextManager[Answer]:
        """Give the answer of Labset itself.

        Raises:  what it refuses as `labset.errors` has it; Unreachable.
        """
        return self._server.ask(method, self.path(*parts), params, headers, body)

    def outside(self, url: str) -> tuple[Wire, str]:
        """Return the wire to a link's host, kept for the next one, and the target on it."""
        return self._server.outside(url)

    def close(self) -> None:
        """Close what is kept open."""
        self._server.close()
