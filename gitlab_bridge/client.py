"""One caller's conversation with GitLab's API: python-gitlab below, our errors above."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

import gitlab
import requests
from gitlab.exceptions import GitlabParsingError

from core.errors import NotFound, Unavailable
from core.model.access import Secret
from gitlab_bridge.circuit import Stalled
from gitlab_bridge.errors import translated
from gitlab_bridge.fields import Payload
from gitlab_bridge.paging import Rows, ask_page, walk_pages
from gitlab_bridge.transport import Transport

OPERATION_SECONDS = 14.0
PER_PAGE = 100


class GitLabServer:
    """One GitLab: makes clients for credentials, all over the same connections.

    A forked child opens connections of its own.
    """

    def __init__(self, url: str, sleep: Callable[[float], None]) -> None:
        self.url = url.rstrip("/")
        self._sleep = sleep
        self._lock = threading.Lock()
        self._open()

    def client(self, token: Secret | None, seconds: float = OPERATION_SECONDS) -> Client:
        """Return a client whose calls end together within `seconds`."""
        session = self._own_transport().session(seconds)
        connection = gitlab.Gitlab(
            self.url,
            oauth_token=token.reveal() if token else None,
            session=cast("requests.Session", session),
            keep_base_url=True,
            user_agent="labset",
        )
        return Client(connection)

    def ping(self, seconds: float = 4.0) -> float:
        """Return how long GitLab took to say anything but a server error, in seconds."""
        began = time.monotonic()
        url = f"{self.url}/api/v4/version"
        try:
            answer = self._own_transport().exchange("GET", url, began + seconds, {})
        except (Stalled, requests.RequestException) as error:
            raise Unavailable("GitLab does not answer; try again in a moment.") from error
        if answer.status_code >= 500:  # noqa: PLR2004 - server errors
            raise Unavailable(f"GitLab answers with status {answer.status_code}.")
        return time.monotonic() - began

    def _open(self) -> None:
        self._transport = Transport(self.url, self._sleep)
        self._pid = os.getpid()

    def _own_transport(self) -> Transport:
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():
                    self._open()
        return self._transport


class Client:
    """Requests of one credential. `subject` names in errors what a request is about."""

    def __init__(self, connection: gitlab.Gitlab) -> None:
        self._gitlab = connection

    def read(self, path: str, subject: str, query: Payload | None = None) -> Payload:
        """GET one object. Raises: NotFound and the other failures of `errors.translate`."""
        with translated(subject):
            return _object(self._gitlab.http_get(path, dict(query or {})))

    def find(self, path: str, subject: str, query: Payload | None = None) -> Payload | None:
        """GET one object, None where GitLab shows nothing."""
        try:
            return self.read(path, subject, query)
        except NotFound:
            return None

    def create(self, path: str, subject: str, body: Payload) -> Payload:
        """POST an object and return what GitLab made of it."""
        with translated(subject):
            return _object(self._gitlab.http_post(path, post_data=dict(body)))

    def change(self, path: str, subject: str, body: Payload) -> Payload:
        """PUT changes to an object and return it."""
        with translated(subject):
            return _object(self._gitlab.http_put(path, post_data=dict(body)))

    def delete(self, path: str, subject: str) -> None:
        """DELETE an object."""
        with translated(subject):
            self._gitlab.http_delete(path)

    def page(self, path: str, subject: str, query: Payload) -> Rows:
        """GET one page of a list; the query says which (`page`, `per_page`)."""
        with translated(subject):
            return ask_page(self._gitlab, path, query)

    def walk(
        self, path: str, subject: str, query: Payload, *, max_rows: int
    ) -> tuple[Sequence[Payload], bool]:
        """GET a list page after page; returns the rows, and whether that was all of them."""
        rows: list[Payload] = []
        with translated(subject):
            for row in walk_pages(self._gitlab, path, {**query, "per_page": PER_PAGE}):
                if len(rows) == max_rows:
                    return rows, False
                rows.append(row)
        return rows, True


def _object(answer: object) -> Payload:
    if isinstance(answer, dict):
        return answer
    raise GitlabParsingError("The answer is not a JSON object")
