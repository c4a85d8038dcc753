"""Other asset databases, asked over HTTP: `core.ports.OtherDatabases`."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from typing import Final, TypeVar

from core.errors import Invalid, Unavailable
from core.model.addresses import Resolve, check_destination
from core.model.json_values import JsonValue
from core.model.registry import HealthCheck
from core.model.turns import Turns
from core.model.web_addresses import parse_base_address, parse_web_address
from core.ports import Clock, OtherAnswer
from outgoing.calling import Calls, Request
from outgoing.deadline import Deadline
from outgoing.documents import check_says_healthy, read_found
from outgoing.problems import BROKEN, BUSY, NO_ADDRESS, TOO_SLOW, CallFailed
from outgoing.resolving import Lookups, resolve

MAX_CALLS_AT_ONCE = 32
MAX_WAITING_REQUESTS = 8  # each holds a thread of the web server
MAX_HEALTH_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
HEALTH_SECONDS = 5.0
LOOKUP_SECONDS = 3.0

_TURN_SECONDS: Final = 5.0  # how long a look waits for its turn
_LATER_SECONDS: Final = 0.25  # a call ends after who waits has looked whether it had its turn
_ResultT = TypeVar("_ResultT")
_log = logging.getLogger("labset.outgoing")


class OtherAssetDatabases:
    """Asks what people have registered, each call in a thread of its own, 32 at once.

    `resolve` and `trust` are the machine's own; tests bring theirs.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        allowed_hosts: Sequence[str] = (),
        resolve: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._allowed_hosts = tuple(allowed_hosts)
        self._lookups = Lookups(resolve)
        self._calls = Calls(
            self._lookups, self._allowed_hosts, trust or ssl.create_default_context()
        )
        self._threads = ThreadPoolExecutor(MAX_CALLS_AT_ONCE, thread_name_prefix="outgoing")
        self._looks: dict[str, Future[HealthCheck]] = {}
        self._lock = Lock()
        self._waiting = Turns(MAX_WAITING_REQUESTS, BUSY)

    def check_address(self, url: str) -> None:
        """Refuse what no asset database of others can be at.

        A name that cannot be resolved now passes: it is asked again at every look.
        Raises:  Invalid, for what is no http(s) address; Forbidden (`address_not_allowed`);
                 Unavailable (`busy`), where many wait for other databases already.
        """
        endpoint = parse_web_address(url, field="address").endpoint
        deadline = Deadline(LOOKUP_SECONDS)
        try:
            with self._waiting.turn():
                found = self._lookups.find(endpoint.host, endpoint.port, deadline)
        except (OSError, CallFailed):
            return  # as is said above
        check_destination(endpoint, self._allowed_hosts, lambda _host, _port: found)

    def look_at_health(self, urls: Sequence[str]) -> Sequence[HealthCheck]:
        """Ask each `<url>/health`; what went wrong is told in fixed words.

        An address that is just being looked at is not asked twice.
        Raises:  Unavailable (`busy`), where so many are being asked that there is no turn, or many
                 wait for other databases already.
        """
        with self._waiting.turn():
            return self._look_at_all(urls)

    def _look_at_all(self, urls: Sequence[str]) -> Sequence[HealthCheck]:
        looks = [self._begin_look(url) for url in urls]
        wait(looks, timeout=_TURN_SECONDS + HEALTH_SECONDS)
        try:
            return [look.result(0) for look in looks]
        except (CancelledError, TimeoutError) as error:
            for look in looks:
                look.cancel()
            raise Unavailable(
                f"{BUSY} Try again in a moment.", code="busy", retry_after_seconds=1
            ) from error

    def query(
        self,
        urls: Sequence[str],
        query: Mapping[str, JsonValue],
        *,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[OtherAnswer]:
        """Ask each `<url>/assets` at the same time, without any credential.

        Units:   at most `timeout_seconds` by the wall clock altogether; 1 MiB and `limit` entries
                 each.
        Raises:  Unavailable (`busy`), where many wait for other databases already.
        """
        with self._waiting.turn():
            return self._ask_all(urls, query, limit, timeout_seconds)

    def _ask_all(
        self,
        urls: Sequence[str],
        query: Mapping[str, JsonValue],
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[OtherAnswer]:
        deadline, end = Deadline(timeout_seconds), Deadline(timeout_seconds + _LATER_SECONDS)
        body = json.dumps(query).encode()
        asked = [self._submit(partial(self._ask, url, body, limit, end)) for url in urls]
        wait(asked, timeout=deadline.left_seconds)
        return [_told(one, deadline) for one in asked]

    def _begin_look(self, url: str) -> Future[HealthCheck]:
        with self._lock:
            look = self._looks.get(url)
            if look is not None:
                return look
            look = self._looks[url] = self._submit(partial(self._look, url))
        look.add_done_callback(lambda _: self._looks.pop(url, None))
        return look

    def _submit(self, call: Callable[[], _ResultT]) -> Future[_ResultT]:
        try:
            return self._threads.submit(call)
        except RuntimeError as error:
            raise Unavailable("Labset is being restarted: try again in a moment.") from error

    def _look(self, url: str) -> HealthCheck:
        deadline = Deadline(HEALTH_SECONDS)

        def look() -> None:
            address = parse_base_address(url, field="address")
            request = Request(address, "/health", MAX_HEALTH_BYTES)
            check_says_healthy(self._calls.send(request, deadline))

        problem = _problem_of(look)
        return HealthCheck(self._clock.now(), deadline.passed_seconds, problem)

    def _ask(self, url: str, body: bytes, limit: int, deadline: Deadline) -> OtherAnswer:
        found: list[Mapping[str, JsonValue]] = []
        own = Deadline(deadline.left_seconds)

        def ask() -> None:
            address = parse_base_address(url, field="address")
            request = Request(address, f"/assets?limit={limit:d}", MAX_ANSWER_BYTES, body)
            data = self._calls.send(request, deadline)
            found.extend(read_found(data, limit, self._allowed_hosts))

        problem = _problem_of(ask)
        return OtherAnswer(tuple(found), own.passed_seconds, problem)


def _problem_of(act: Callable[[], None]) -> str | None:
    """Do it; return what went wrong, in fixed words, or None."""
    try:
        act()
    except CallFailed as failure:
        return failure.problem
    except Invalid:
        return NO_ADDRESS
    except Exception:  # noqa: BLE001 - what strangers send may find a mistake of ours; logged
        _log.exception("a call to another database failed unexpectedly")
        return BROKEN
    return None


def _told(asked: Future[OtherAnswer], deadline: Deadline) -> OtherAnswer:
    """Return what came in time."""
    if asked.done() and not asked.cancelled():
        return asked.result()
    problem = BUSY if asked.cancel() else TOO_SLOW
    return OtherAnswer((), deadline.passed_seconds, problem)
