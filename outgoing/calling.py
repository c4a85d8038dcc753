"""One request and its answer: no redirects, proxies, cookies, credentials or packed answers."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpcore

from core.model.web_addresses import WebAddress
from outgoing.deadline import Deadline
from outgoing.network import Network
from outgoing.problems import BROKEN, ENCODED, REDIRECT, TOO_LARGE, CallFailed, bad_status
from outgoing.resolving import Lookups

MAX_HEAD_BYTES = 128 * 1024  # status and fields, with the frames around a body in pieces
MAX_ANSWER_PIECES = 10_000  # each costs time, however small it is

_FIELDS: Sequence[tuple[bytes | str, bytes | str]] = (
    ("User-Agent", "Labset"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: `route` is put behind the address; a `body` is JSON and makes it a POST."""

    address: WebAddress
    route: str
    limit_bytes: int
    body: bytes | None = None


class Calls:
    """Sends requests. `allowed_hosts` is the operator's list; `trust` says whose certificates count."""

    def __init__(
        self, lookups: Lookups, allowed_hosts: Sequence[str], trust: ssl.SSLContext
    ) -> None:
        self._lookups = lookups
        self._allowed_hosts = tuple(allowed_hosts)
        self._trust = trust

    def send(self, request: Request, deadline: Deadline) -> bytes:
        """Return the body of a successful answer.

        Raises:  CallFailed, for everything else.
        """
        endpoint = request.address.endpoint
        network = Network(
            endpoint,
            lookups=self._lookups,
            allowed_hosts=self._allowed_hosts,
            trust=self._trust,
            deadline=deadline,
            room_bytes=MAX_HEAD_BYTES,
        )
        origin = httpcore.Origin(b"http", endpoint.host.encode(), endpoint.port)  # TLS: see Network
        try:
            with httpcore.HTTPConnection(origin, network_backend=network) as connection:
                return _exchange(connection, origin, request)
        except (httpcore.ProtocolError, httpcore.NetworkError) as error:
            raise CallFailed(BROKEN) from error


def _exchange(
    connection: httpcore.HTTPConnection, origin: httpcore.Origin, request: Request
) -> bytes:
    target = f"{request.address.path}{request.route}"
    url = httpcore.URL(
        scheme=origin.scheme, host=origin.host, port=origin.port, target=target.encode()
    )
    fields = [*_FIELDS, ("Host", request.address.endpoint.url.partition("://")[2])]
    if request.body is not None:
        fields.append(("Content-Type", "application/json"))
    method = "GET" if request.body is None else "POST"
    with connection.stream(method, url, headers=fields, content=request.body) as response:
        _check_head(response)
        response.extensions["network_stream"].give_room(request.limit_bytes)
        return _read_body(response, request.limit_bytes)


def _read_body(response: httpcore.Response, limit_bytes: int) -> bytes:
    body = bytearray()
    for number, piece in enumerate(response.iter_stream()):
        body += piece
        if len(body) > limit_bytes or number >= MAX_ANSWER_PIECES:
            raise CallFailed(TOO_LARGE)
    return bytes(body)


def _check_head(response: httpcore.Response) -> None:
    """Refuse answers that are no success, and those in a form that would have to be unpacked."""
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise CallFailed(REDIRECT)
    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        raise bad_status(response.status)
    for name, value in response.headers:
        if name.lower() == b"content-encoding" and value.strip().lower() != b"identity":
            raise CallFailed(ENCODED)
