"""Connections to checked addresses alone, each of whose waits ends with its deadline.

A name is looked up once, all its addresses are checked, and one of these is what is connected to:
no second look-up can lead elsewhere. TLS is checked against the name.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence

import httpcore

from core.model.addresses import Endpoint, is_global, is_listed
from outgoing.deadline import Deadline
from outgoing.problems import (
    BROKEN,
    NO_ADDRESS,
    NO_TLS,
    TOO_LARGE,
    TOO_SLOW,
    UNREACHABLE,
    CallFailed,
)
from outgoing.resolving import Lookups

MAX_TRIED_ADDRESSES = 4


class Stream(httpcore.NetworkStream):
    """A connection that takes `room_bytes` from the other side, until it is given more room."""

    def __init__(self, connected: socket.socket, deadline: Deadline, room_bytes: int) -> None:
        self._socket = connected
        self._deadline = deadline
        self._room_bytes = room_bytes

    def give_room(self, more_bytes: int) -> None:
        """Take so much more."""
        self._room_bytes += more_bytes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come. Raises: CallFailed."""
        del timeout  # the deadline's
        self._socket.settimeout(self._deadline.left())
        try:
            data = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise CallFailed(TOO_SLOW) from error
        except OSError as error:
            raise CallFailed(BROKEN) from error
        self._room_bytes -= len(data)
        if self._room_bytes < 0:
            raise CallFailed(TOO_LARGE)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send. Raises: CallFailed; WriteError, after which an answer may still be read."""
        del timeout
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._deadline.left())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise CallFailed(TOO_SLOW) from error
        except OSError as error:
            raise httpcore.WriteError from error

    def close(self) -> None:
        """End the connection, without waiting for the other side."""
        self._socket.close()

    def secured(self, trust: ssl.SSLContext, name: str) -> Stream:
        """Return the same, encrypted and proven to be `name`. Raises: CallFailed."""
        try:
            self._socket.settimeout(self._deadline.left())
            safe = trust.wrap_socket(self._socket, server_hostname=name)
        except TimeoutError as error:
            self.close()
            raise CallFailed(TOO_SLOW) from error
        except (OSError, ValueError) as error:
            self.close()
            raise CallFailed(NO_TLS) from error
        return Stream(safe, self._deadline, self._room_bytes)


class Network(httpcore.NetworkBackend):
    """The way out for one call: public addresses, and hosts that the operator has listed.

    TLS is begun here and not by httpcore, which would write into `trust` while other threads use it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        lookups: Lookups,
        allowed_hosts: Sequence[str],
        trust: ssl.SSLContext,
        deadline: Deadline,
        room_bytes: int,
    ) -> None:
        self._endpoint = endpoint
        self._lookups = lookups
        self._allowed_hosts = allowed_hosts
        self._trust = trust
        self._deadline = deadline
        self._room_bytes = room_bytes

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        """Return a connection to the endpoint, secured where it is https. Raises: CallFailed."""
        del host, port, timeout, local_address, socket_options  # the endpoint's and the deadline's
        stream = self._connect(self._checked_addresses()[:MAX_TRIED_ADDRESSES])
        if self._endpoint.scheme == "https":
            return stream.secured(self._trust, self._endpoint.host)
        return stream

    def _connect(self, addresses: Sequence[str]) -> Stream:
        """Return a connection to the first address that takes one; each has its share of the time."""
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                connected = socket.create_connection(
                    (address, self._endpoint.port), timeout=self._deadline.left() / left
                )
            except OSError:
                continue  # another address may answer
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Stream(connected, self._deadline, self._room_bytes)
        self._deadline.left()
        raise CallFailed(UNREACHABLE)

    def _checked_addresses(self) -> Sequence[str]:
        """Return the addresses of the endpoint's name, all of which may be called."""
        try:
            found = self._lookups.find(self._endpoint.host, self._endpoint.port, self._deadline)
        except OSError as error:
            self._deadline.left()
            raise CallFailed(NO_ADDRESS) from error
        may_be_any = is_listed(self._endpoint, self._allowed_hosts)
        if not found or not (may_be_any or all(map(is_global, found))):
            raise CallFailed(NO_ADDRESS)
        return found
