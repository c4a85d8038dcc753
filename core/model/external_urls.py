"""Addresses at which people say that an asset lies: looked at, never called.

Source:  PROMISES.md, "Outgoing HTTP". Names are not resolved, since Labset does not fetch them.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from core.errors import Forbidden
from core.model.addresses import Endpoint, is_global, is_listed
from core.model.web_addresses import parse_web_address

_FIELD = "asset_public_url"


def check_external_url(url: str, allowed_hosts: Iterable[str]) -> None:
    """Refuse what is no address of http or https for everybody; "" is none, and fine.

    Raises:  Invalid; Forbidden (`address_not_allowed`), for this machine and private addresses,
             unless the operator lists them.
    """
    if not url:
        return
    endpoint = parse_web_address(url, field=_FIELD).endpoint
    if _is_private(endpoint) and not is_listed(endpoint, allowed_hosts):
        raise Forbidden(
            f"{endpoint.host} is not on the public internet, and this installation's "
            f"LABSET_ALLOWED_HOSTS does not list it",
            code="address_not_allowed",
        )


def _is_private(endpoint: Endpoint) -> bool:
    host = endpoint.host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return not is_global(host)
