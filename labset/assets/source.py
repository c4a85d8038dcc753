"""Where the bytes of one asset come from: the asset database, or wherever its URL leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from labset.assets.answers import address_of
from labset.assets.model import Asset
from labset.errors import LabsetError, NotFound, error_of
from labset.transport.connection import Connection
from labset.transport.refusal import refusal_of
from labset.transport.server_wire import ServerWire
from labset.transport.wire import Answer

_REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}
_MOST_HOPS = 5


class AssetSource:
    """Gives the bytes of one asset from any offset; others than the server never see the token."""

    def __init__(self, connection: Connection, asset: Asset) -> None:
        self._wire = ServerWire(connection)
        self._asset = asset
        self._url = urljoin(connection.server, self._path()) if asset.id else asset.public_url

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    @contextmanager
    def open(self, start: int = 0, etag: str = "") -> Iterator[Answer]:
        """Give the bytes from `start` on, or, with status 200, all of them.

        `etag` is what the bytes before `start` belong to: of anything else all comes.
        Raises:  NotFound, where the asset has no bytes; what is refused; Unreachable.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        if start and etag:
            headers["If-Range"] = etag
        with ExitStack() as opened:
            try:
                answer = opened.enter_context(self._follow(self._url, headers))
            except NotFound as problem:
                self._url = self._beyond(problem)
                answer = opened.enter_context(self._follow(self._url, headers))
            yield answer

    @contextmanager
    def _follow(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Give the answer at the end of a chain of redirects."""
        for _ in range(_MOST_HOPS):
            with self._exchange(url, headers) as answer:
                location = answer.headers.get("Location")
                if answer.status not in _REDIRECTS or not location:
                    _check(answer, url, is_inside=self._is_inside(url))
                    yield answer
                    return
                answer.read()
            url = self._next(url, location)
        raise LabsetError(f"{self._url} leads on and on.", "too_many_redirects")

    @contextmanager
    def _exchange(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        if not self._is_inside(url):
            wire, target = self._wire.outside(url)
            with wire.exchange("GET", target, headers) as answer:
                yield answer
            return
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        with self._wire.exchange("GET", target or "/", headers) as answer:
            yield answer

    def _is_inside(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self._wire.origin

    def _path(self) -> str:
        base = urlsplit(self._wire.connection.server).path.rstrip("/")
        return base + address_of("asset-object", self._asset.id)

    def _next(self, url: str, location: str) -> str:
        """Return where a redirect leads. Raises LabsetError, if nobody should go there."""
        try:
            goal = urljoin(url, location)
        except ValueError:
            goal = location
        if not _is_web(goal) or (url.startswith("https:") and not goal.startswith("https:")):
            raise LabsetError(f"{url} leads to {goal}, which is not safe.", "unsafe_redirect")
        return goal

    def _beyond(self, problem: NotFound) -> str:
        """Return the asset's own URL, where the asset database has no bytes and it leads elsewhere."""
        url = self._asset.public_url
        if not url:
            raise NotFound(f"{self._asset.key} has no file, only what is told of it.", "no_file")
        if url == self._url or not _is_web(url):
            raise problem
        return url


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _check(answer: Answer, url: str, *, is_inside: bool) -> None:
    """Raise what an answer without bytes means."""
    if answer.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    if is_inside and answer.status >= HTTPStatus.BAD_REQUEST:
        raise refusal_of(answer.status, answer.reason, answer.read())
    raise error_of(answer.status, "", f"{url} answered {answer.status} {answer.reason}.", {})
