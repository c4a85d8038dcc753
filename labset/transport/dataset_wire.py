"""One dataset by plain HTTP, for what is large: bodies and answers piece by piece."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from labset.errors import LabsetError, error_of
from labset.transport.connection import Connection, dataset_path
from labset.transport.wire import Answer, Body, Wire


class DatasetWire:
    """Speaks to Labset about one dataset, and to its storage site by links without the token."""

    def __init__(self, connection: Connection, dataset_id: int) -> None:
        self.connection = connection
        self.dataset_id = dataset_id
        parts = urlsplit(connection.server)
        headers = {"Authorization": f"Bearer {connection.token}"} if connection.token else {}
        self._base = f"{parts.path.rstrip('/')}/api/v1/"
        self._inside = Wire(f"{parts.scheme}://{parts.netloc}", headers)
        self._outside: dict[str, Wire] = {}
        self._lock = threading.Lock()

    def path(self, *parts: str) -> str:
        """Return the path of something in the dataset, as `Connection` takes it."""
        return dataset_path(self.dataset_id, *parts)

    @contextmanager
    def ask(
        self,
        method: str,
        *parts: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
    ) -> Iterator[Answer]:
        """Give the answer of Labset itself.

        Raises:  what it refuses as `labset.errors` has it; Unreachable.
        """
        query = f"?{urlencode(params)}" if params else ""
        target = self._base + self.path(*parts) + query
        with self._inside.exchange(method, target, headers, body) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise _refusal(answer)
            yield answer

    def outside(self, url: str) -> tuple[Wire, str]:
        """Return the wire to a link's host, kept for the next one, and the target on it."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._outside:
                self._outside[origin] = Wire(origin)
            wire = self._outside[origin]
        return wire, f"{parts.path or '/'}?{parts.query}"

    def close(self) -> None:
        """Close what is kept open."""
        with self._lock:
            wires = [self._inside, *self._outside.values()]
            self._outside.clear()
        for wire in wires:
            wire.close()


def _refusal(answer: Answer) -> LabsetError:
    text = answer.read()
    try:
        body = json.loads(text)
        code, message, details = body["error"], body["message"], body.get("details") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        code, details = "", {}
        message = f"The server answered {answer.status} {answer.reason}."
    return error_of(answer.status, code, message, details)
