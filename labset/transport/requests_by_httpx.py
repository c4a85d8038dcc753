"""Requests to one Labset by httpx: its errors as ours, again what is safe to repeat."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import httpx

from labset import __version__
from labset.errors import LabsetError, Unreachable
from labset.transport.refusal import refusal_of

_API = "/api/v1/"
_AT_ONCE = 64  # connections
_TIMEOUT = httpx.Timeout(60, connect=10, pool=None)
_FIRST_DELAYS_SECONDS = (0.2, 0.5)  # nobody answered yet: the address may be wrong
_LATER_DELAYS_SECONDS = (0.2, 0.5, 1, 2, 4, 8)  # the server is being restarted, perhaps
_MOST_SECONDS = 30  # that a `Retry-After` is obeyed
_SAFE_METHODS = {"GET", "HEAD"}
_BUSY = {429, 502, 503, 504}
_NOTHING_WAS_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

Headers = Mapping[str, str]


class Requests:
    """What a `Connection` does, once something is asked; its methods are explained there."""

    def __init__(self, server: str, token: str | None) -> None:
        self.server = server
        self.token = token
        self._answered = threading.Event()
        self._opening = threading.Lock()
        self._outside: httpx.Client | None = None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Certificates take a while to load, and http has none.
        self._inside = _client(headers, verify=server.startswith("https") and _trusted())

    def close(self) -> None:
        """Close what is open."""
        self._inside.close()
        if self._outside is not None:
            self._outside.close()

    @property
    def outside(self) -> httpx.Client:
        """A client for links at the site, which must never see the token."""
        with self._opening:
            if self._outside is None:
                self._outside = _client({}, verify=_trusted())
            return self._outside

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Headers | None = None,
        params: Mapping[str, object] | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """Return the whole answer."""

        def once() -> httpx.Response:
            request = self._request(method, path, json, content, headers, params)
            return _checked(self._inside.send(request))

        return self._persist(once, _may_repeat(method, content, repeatable=repeatable))

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | Iterator[bytes] | None = None,
        headers: Headers | None = None,
        params: Mapping[str, object] | None = None,
        repeatable: bool | None = None,
    ) -> Iterator[httpx.Response]:
        """Give an answer whose body is read piece by piece."""

        def once() -> httpx.Response:
            request = self._request(method, path, json, content, headers, params)
            return _checked(self._inside.send(request, stream=True))

        response = self._persist(once, _may_repeat(method, content, repeatable=repeatable))
        try:
            yield response
        except httpx.TransportError as problem:
            raise self._unreachable(problem) from problem
        finally:
            response.close()

    def _request(
        self,
        method: str,
        path: str,
        json: object,
        content: bytes | Iterator[bytes] | None,
        headers: Headers | None,
        params: Mapping[str, object] | None,
    ) -> httpx.Request:
        address = self.server + (path if path.startswith("/") else _API + path)
        told = {name: _text(value) for name, value in (params or {}).items() if value is not None}
        return self._inside.build_request(
            method, address, json=json, content=content, headers=headers, params=told or None
        )

    def _persist(
        self,
        once: Callable[[], httpx.Response],
        repeatable: bool,  # noqa: FBT001 - private
    ) -> httpx.Response:
        """Try until it works, the server refuses, or patience ends."""
        attempt = 0
        while True:
            try:
                response = once()
            except httpx.TransportError as problem:
                delay = self._delay(attempt)
                if delay is None or not (repeatable or isinstance(problem, _NOTHING_WAS_SENT)):
                    raise self._unreachable(problem) from problem
            except _Busy as busy:
                delay = self._delay(attempt)
                if delay is None or not (repeatable or busy.nothing_done):
                    raise busy.error from busy
                delay = max(delay, busy.wait_seconds)
            else:
                self._answered.set()
                return response
            time.sleep(delay)
            attempt += 1

    def _delay(self, attempt: int) -> float | None:
        known = self._answered.is_set()
        delays = _LATER_DELAYS_SECONDS if known else _FIRST_DELAYS_SECONDS
        return delays[attempt] if attempt < len(delays) else None

    def _unreachable(self, problem: httpx.TransportError) -> Unreachable:
        if isinstance(problem, httpx.ConnectError | httpx.ConnectTimeout):
            why = f"{self.server} does not answer ({problem}). Is the address right, is it running?"
        elif isinstance(problem, httpx.TimeoutException):
            why = f"{self.server} did not answer in time. Try again."
        else:
            why = f"The connection to {self.server} broke ({problem}). Try again."
        return Unreachable(why)


class _Busy(Exception):
    """The server cannot answer now; it may later."""

    def __init__(self, error: LabsetError, status: int, wait_seconds: float) -> None:
        super().__init__(error.message)
        self.error = error
        self.nothing_done = status == HTTPStatus.TOO_MANY_REQUESTS
        self.wait_seconds = min(wait_seconds, _MOST_SECONDS)


def _client(headers: Headers, *, verify: ssl.SSLContext | bool) -> httpx.Client:
    return httpx.Client(
        headers={"User-Agent": f"labset/{__version__}", **headers},
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
        verify=verify,
    )


def _trusted() -> ssl.SSLContext:
    """Trust the public authorities, and whom the machine trusts (a company's own, say).

    Source:  httpx and OpenSSL: `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _may_repeat(
    method: str, content: bytes | Iterator[bytes] | None, *, repeatable: bool | None
) -> bool:
    whole = content is None or isinstance(content, bytes)
    return whole and (method in _SAFE_METHODS if repeatable is None else repeatable)


def _checked(response: httpx.Response) -> httpx.Response:
    """Return an answer that is no refusal; raise what the server says otherwise."""
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return response
    try:
        response.read()
    finally:
        response.close()
    error = _error_in(response)
    if response.status_code in _BUSY and isinstance(error, Unreachable):
        raise _Busy(error, response.status_code, _retry_after(response))
    raise error


def _error_in(response: httpx.Response) -> LabsetError:
    status = response.status_code
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    request_id = {"request_id": response.headers.get("X-Request-Id", "")} if is_ours else {}
    return refusal_of(status, response.reason_phrase, response.content, request_id)


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0
