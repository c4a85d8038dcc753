"""The way to GitLab: one pool of connections, hard time limits, patient retries.

python-gitlab gets a `TimedSession` in place of a requests session: its own waiting (unbounded after
a 429) never begins, because what may be retried is retried here, and what then still fails is raised
here as Unavailable.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from core.errors import Unavailable
from gitlab_bridge.circuit import AT_ONCE, Circuit, Stalled

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
MAX_BODY_BYTES = 64 * 1024 * 1024
LONGEST_PAUSE_SECONDS = 5.0
PAUSES_SECONDS = (0.2, 0.5, 1.0)
TRANSIENT = frozenset({429, 502, 503, 504})
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH"})

_READ_BYTES = 64 * 1024
_LOOK_FIRST = "it may have been done: look before you try again"


class Transport:
    """Connections to one GitLab, shared by all credentials of one process.

    No redirect is followed, no cookie kept (it would carry one person's session to another), no
    `.netrc` read for nobody.
    """

    def __init__(self, url: str, sleep: Callable[[float], None]) -> None:
        self.url = url.rstrip("/")
        self.sleep = sleep
        self.circuit = Circuit()
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=AT_ONCE + 8, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def session(self, seconds: float) -> TimedSession:
        """Return a session whose requests end together within `seconds`."""
        return TimedSession(self, time.monotonic() + seconds)

    def exchange(
        self, method: str, url: str, deadline: float, options: dict[str, Any]
    ) -> requests.Response:
        """Send one request and read its whole answer before `deadline` (monotonic seconds).

        Raises:  Stalled; requests' exceptions, for connections that fail.
        """
        if not f"{url}/".startswith(f"{self.url}/"):
            raise Unavailable("GitLab leads to another address than LABSET_GITLAB_URL.")

        def send() -> requests.Response:
            left = _left(deadline)
            try:
                response = self._session.request(
                    method,
                    url,
                    timeout=(min(CONNECT_SECONDS, left), min(READ_SECONDS, left)),
                    stream=True,
                    allow_redirects=False,
                    **options,
                )
                response.raw = io.BytesIO(_read_body(response, deadline))
            except (requests.Timeout, ReadTimeoutError) as error:
                raise Stalled from error
            except HTTPError as error:
                raise requests.ConnectionError(error) from error
            return response

        return self.circuit.run(send, _left(deadline))


@dataclass(frozen=True, slots=True)
class TimedSession:
    """What python-gitlab takes for a session: every request of it ends before `deadline`."""

    transport: Transport
    deadline: float

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send a request, again where that is safe and time allows.

        Again: after 429 always (GitLab did nothing); after 502, 503, 504 or a cut connection, where
        sending twice does what sending once does; after a refused connection always.
        Raises:  Unavailable, naming when to try again.
        """
        options.pop("timeout", None)
        options.pop("stream", None)
        options["auth"] = options.get("auth") or _no_credential
        verb = method.upper()
        for pause in (*PAUSES_SECONDS, None):
            outcome = self._try(verb, url, options)
            if isinstance(outcome, requests.Response):
                return outcome
            wait = None if pause is None else max(pause, outcome.wait_seconds)
            if wait is None or not outcome.again or not self._can_wait(wait):
                raise outcome.failure
            self.transport.sleep(wait)
        raise AssertionError  # the last pause is None

    def _try(self, verb: str, url: str, options: dict[str, Any]) -> requests.Response | _Failed:
        advice = "try again in a moment" if verb in REPEATABLE else _LOOK_FIRST
        try:
            response = self.transport.exchange(verb, url, self.deadline, options)
        except Stalled:
            return _Failed(Unavailable(f"GitLab does not answer in time; {advice}."))
        except requests.ConnectionError as error:
            if _never_arrived(error):
                refused = Unavailable("GitLab cannot be reached; try again in a moment.")
                return _Failed(refused, again=True)
            return _Failed(Unavailable(f"GitLab hung up; {advice}."), verb in REPEATABLE)
        except requests.RequestException:
            return _Failed(Unavailable(f"GitLab's answer could not be read; {advice}."))
        if response.status_code not in TRANSIENT:
            return response
        return _transient(response, verb)

    def _can_wait(self, seconds: float) -> bool:
        return seconds <= LONGEST_PAUSE_SECONDS and seconds + 1 < _left(self.deadline)


@dataclass(frozen=True, slots=True)
class _Failed:
    failure: Unavailable
    again: bool = False
    wait_seconds: float = 0.0


def _transient(response: requests.Response, verb: str) -> _Failed:
    wait_seconds = retry_after_seconds(response.headers.get("Retry-After"))
    told = told_seconds(wait_seconds)
    if response.status_code == 429:  # noqa: PLR2004 - Too Many Requests
        failure = Unavailable("GitLab asks for a pause; try again later.", retry_after_seconds=told)
        return _Failed(failure, again=True, wait_seconds=wait_seconds)
    advice = "try again in a moment" if verb in REPEATABLE else _LOOK_FIRST
    failure = Unavailable(
        f"GitLab is not ready (status {response.status_code}); {advice}.",
        retry_after_seconds=told,
    )
    return _Failed(failure, again=verb in REPEATABLE, wait_seconds=wait_seconds)


def retry_after_seconds(header: str | None) -> float:
    """Read a Retry-After header: seconds or a date; 0 where there is none or it is nonsense."""
    if header is None:
        return 0.0
    if header.strip().isascii() and header.strip().isdigit():
        return float(header.strip()[:9])
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError):
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def told_seconds(wait_seconds: float) -> int:
    """Return after how many seconds a caller is told to come back: 1 … 3600, 5 if unknown."""
    return max(1, min(math.ceil(wait_seconds), 3600)) if wait_seconds else 5


def _read_body(response: requests.Response, deadline: float) -> bytes:
    """Read all, however slowly it drips, until the deadline; what was given up is closed."""
    body = bytearray()
    with closing(response):  # read to its end, the connection has gone back to the pool before
        while part := response.raw.read1(_READ_BYTES, decode_content=True):
            body += part
            if len(body) > MAX_BODY_BYTES:
                raise requests.exceptions.ContentDecodingError
            if time.monotonic() > deadline:
                raise Stalled
    return bytes(body)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise Stalled
    return left


def _never_arrived(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _no_credential(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
