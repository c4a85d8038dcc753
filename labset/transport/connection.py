"""One Labset, in the name of whoever a token belongs to.

What asks by httpx is loaded with the first request: a download by plain HTTP does without it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote

from labset.errors import Misused, NotAllowed

if TYPE_CHECKING:
    import httpx

    from labset.transport.requests_by_httpx import Requests


def dataset_path(dataset_id: int, *parts: str) -> str:
    """Return `datasets/<id>/<part>/…` with every part quoted; slashes in a part stay.

    Raises:  Misused, for `.` and `..`: they would lead to another address.
    """
    for part in parts:
        if {".", ".."} & set(part.split("/")):
            raise Misused(f"{part!r} is no path of a dataset: leave out . and ..")
    return "/".join(("datasets", str(dataset_id), *(quote(part) for part in parts if part)))


class Connection:
    """One server, one token or none; any number of threads may use it at once.

    Paths begin at `/api/v1/` unless they begin with a slash. Every failure is a `LabsetError`: what the
    server refuses by its code, what does not answer as `Unreachable`. `note` is what to tell somebody
    of whom the server wants a token.
    """

    def __init__(self, server: str, token: str | None, note: str = "") -> None:
        self.server = server
        self.token = token
        self.note = note
        self._opening = threading.Lock()
        self._opened: Requests | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        if self._opened is not None:
            self._opened.close()

    @property
    def outside(self) -> httpx.Client:
        """A client for links at the site, which must never see the token."""
        return self._requests.outside

    def get_json(self, path: str, /, **params: object) -> Any:  # noqa: ANN401 - any JSON
        """Return what a GET answers; parameters that are None are left out."""
        return self.send("GET", path, params=params).json()

    def get_pages(self, path: str, /, **params: object) -> Iterator[Any]:
        """Yield the rows of a list, page after page."""
        page: str | None = "1"
        while page:
            answer = self.send("GET", path, params={"per_page": 100, **params, "page": page})
            yield from answer.json()
            page = answer.headers.get("X-Next-Page")

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """Return the whole answer.

        `repeatable` says that sending twice does no harm; GET and HEAD need not say it. A request whose
        content is an iterator is never repeated.
        """
        with self.noting():
            return self._requests.send(
                method,
                path,
                json=json,
                content=content,
                headers=headers,
                params=params,
                repeatable=repeatable,
            )

    def stream(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        repeatable: bool | None = None,
    ) -> AbstractContextManager[httpx.Response]:
        """Give an answer whose body is read piece by piece; otherwise as `send`.

        Raises:  Unreachable, also where the connection breaks while the body is read: continue by `Range`.
        """
        return self._requests.stream(
            method,
            path,
            json=json,
            content=content,
            headers=headers,
            params=params,
            repeatable=repeatable,
        )

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Add the note to the refusal of somebody without a token."""
        try:
            yield
        except NotAllowed as refused:
            if not self.note or self.token or refused.code != "unauthenticated":
                raise
            told = f"{refused.message} {self.note}"
            raise NotAllowed(told, refused.code, refused.details) from refused

    @property
    def _requests(self) -> Requests:
        with self._opening:
            if self._opened is None:
                module = import_module("labset.transport.requests_by_httpx")
                self._opened = cast("Requests", module.Requests(self.server, self.token))
            return self._opened
