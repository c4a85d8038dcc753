"""Calls of the asset database's own routes, which stand at the root of the server."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

FormParts = list[tuple[str, tuple[str | None, bytes]]]


def new_name() -> str:
    """Return a name that no other test gives."""
    return f"asset {secrets.token_hex(6)}"


def about(name: str, version: str = "1.0", tag: str = "initial", **more: object) -> dict[str, Any]:
    """Return what is told of an asset."""
    return {"asset_name": name, "asset_version": {"version": version, "tag": tag}, **more}


@dataclass(frozen=True)
class Assets:
    """The routes as one person calls them; `http` has the server's own address as its base."""

    http: httpx.Client

    def upload(self, data: bytes, told: object, status: int = 201, **query: Any) -> Any:  # noqa: ANN401 - any JSON
        """Upload a file; `told` is JSON or what stands there instead."""
        text = told if isinstance(told, str) else json.dumps(told)
        parts: FormParts = [("asset", ("a.bin", data)), ("asset_metadata", (None, text.encode()))]
        return self.send(parts, status, **query)

    def send(self, parts: FormParts, status: int, **query: Any) -> Any:  # noqa: ANN401 - as above
        """Send a form."""
        return checked(self.http.post("/upload_asset", files=parts, params=query), status)

    def json(self, method: str, path: str, status: int = 200, **options: Any) -> Any:  # noqa: ANN401 - as above
        """Call a route and expect a status; return its JSON."""
        return checked(self.http.request(method, path, **options), status)

    def find(self, query: object, status: int = 200, **address: Any) -> Any:  # noqa: ANN401 - as above
        """Return what a filter finds."""
        return self.json("POST", "/assets", status, json=query, params=address)


def checked(answer: httpx.Response, status: int) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of an answer, which is in the seed's shape."""
    assert answer.status_code == status, f"{answer.request.url}: {answer.status_code} {answer.text}"
    told = answer.json()
    assert told["success"] is (status < 400)
    if status >= 400:
        assert set(told) == {"success", "error", "message", "details"}
        assert isinstance(told["error"], str)
        assert told["message"]
    return told


Caller = Callable[[str], Assets]
