"""What browsers let foreign pages do, where whoever reaches an open installation may read and write.

Such an installation lies on a network that browsers can reach. A page of another address may send it
forms: those name their page in `Origin`, or at least say that it is a foreign one. And a page may give
its own name this server's address (DNS rebinding), so that a browser takes the two for one: then the
`Host` is not ours. Programs name no page, and call us by our name or address.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import HTTPException

_FOREIGN = frozenset({"cross-site", "same-site"})


class MisdirectedRequest(HTTPException):
    """A request to a host that this server is not. Source: RFC 9110 15.5.20."""

    code = 421


def check_host(base_url: str) -> None:
    """Refuse a request whose `Host` is not ours: the name in `base_url`, localhost, or an address.

    Raises:  MisdirectedRequest.
    """
    host = _name_in(f"//{request.host}")
    if host in {"localhost", _name_in(base_url)} or _is_address(host):
        return
    raise MisdirectedRequest(
        f"This server is open to its network, and is not called {request.host!a:.100} here: use its "
        "address, or let whoever runs it set LABSET_BASE_URL to the name."
    )


def is_told_by_foreign_page(base_url: str) -> bool:
    """Whether a page of another address made a browser send this request.

    A program's request, which names no page, is not.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "") in _FOREIGN
    ours = urlsplit(base_url)
    own = {f"{ours.scheme}://{ours.netloc}", f"http://{request.host}", f"https://{request.host}"}
    return origin not in own


def _name_in(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # brackets without an address between them
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
