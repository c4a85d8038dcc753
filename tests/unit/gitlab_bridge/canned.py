"""A session that answers every request with the same JSON, without a socket."""

from __future__ import annotations

import io
import json
from typing import cast

import gitlab
import requests

from gitlab_bridge.client import Client


class Canned:
    """Stands where python-gitlab expects a requests session."""

    def __init__(self, payload: object) -> None:
        self._body = json.dumps(payload).encode()

    def request(self, **_: object) -> requests.Response:
        """Answer."""
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/json"
        response.raw = io.BytesIO(self._body)
        return response

    def client(self) -> Client:
        """Return a client that gets these answers."""
        session = cast("requests.Session", self)
        return Client(gitlab.Gitlab("http://gitlab.invalid", session=session))
