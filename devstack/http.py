"""JSON over HTTP with the standard library: the stack speaks to its servers as anybody would."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT_SECONDS = 30


class Refused(Exception):
    """A server said no: its status and its words."""

    def __init__(self, status: int, text: str, request: str) -> None:
        super().__init__(f"{request}: {status} {text[:500]}")
        self.status = status
        self.text = text


class Api:
    """One server's API in the name of one token."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._token = token

    def get(self, path: str, /, **query: object) -> Any:  # noqa: ANN401 - whatever JSON the server sends
        """Return what a GET answers."""
        suffix = f"?{urlencode(query)}" if query else ""
        return self.call("GET", path + suffix)

    def post(self, path: str, /, **body: object) -> Any:  # noqa: ANN401 - as above
        """Return what a POST answers."""
        return self.call("POST", path, body)

    def put(self, path: str, /, **body: object) -> Any:  # noqa: ANN401 - as above
        """Return what a PUT answers."""
        return self.call("PUT", path, body)

    def call(self, method: str, path: str, body: dict[str, object] | None = None) -> Any:  # noqa: ANN401
        """Send JSON, return JSON. Raises: Refused."""
        data = None if body is None else json.dumps(body).encode()
        return self.send(method, path, data, "application/json")

    def send(self, method: str, path: str, data: bytes | None, media_type: str) -> Any:  # noqa: ANN401
        """Send bytes, return JSON. Raises: Refused."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media_type}
        request = urllib.request.Request(  # noqa: S310 - our own servers
            self._base_url + path, data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                said = refusal.read().decode(errors="replace")
            raise Refused(refusal.code, said, f"{method} {path}") from refusal
        return json.loads(text) if text else None


def answers(url: str) -> bool:
    """Whether a URL answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own servers
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def encoded(path: str) -> str:
    """Return a path as one segment of a URL."""
    return quote(path, safe="")
