"""Whom we believe about where a request came from: proxies named in `LABSET_TRUSTED_PROXIES`, nobody else.

Only the address is taken from them, for the log. Links and cookies follow `LABSET_BASE_URL`, so that no
header can bend them.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app.environment import Network


class TrustedProxies:
    """Sets `REMOTE_ADDR` to the nearest address that is not one of our proxies'."""

    def __init__(self, inner: WSGIApplication, networks: tuple[Network, ...]) -> None:
        self._inner = inner
        self._networks = networks

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on."""
        hops = [*environ.get("HTTP_X_FORWARDED_FOR", "").split(","), environ.get("REMOTE_ADDR", "")]
        environ["REMOTE_ADDR"] = self._client(hops)
        return self._inner(environ, start_response)

    def _client(self, hops: list[str]) -> str:
        """Return the last of `hops` that is not trusted; a garbled one ends the search before it."""
        nearest = hops[-1]
        for hop in reversed(hops):
            address = _parse(hop)
            if address is None:
                break
            nearest = str(address)
            if not any(address in network for network in self._networks):
                break
        return nearest


def _parse(hop: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(hop.strip())
    except ValueError:
        return None
