from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from app.proxies import TrustedProxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    (
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "rubbish", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "198.51.100.1", ""),
    ),
)
def test_only_trusted_proxies_say_where_a_request_came_from(
    peer: str, forwarded: str, seen: str
) -> None:
    taken: dict[str, Any] = {}

    def inner(environ: dict[str, Any], _start: object) -> list[bytes]:
        taken.update(environ)
        return []

    wrapped = TrustedProxies(inner, (ip_network("10.0.0.0/8"),))
    wrapped({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}, lambda *_: lambda _b: None)
    assert taken["REMOTE_ADDR"] == seen
