"""Where this page's scripts may reach besides us: the storage site that takes uploads directly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from app.headers import allow_origins
from core.model.storage import Placement, SiteAddress, SiteKind

_AMAZON = "https://*.amazonaws.com"
_PLAIN_ORIGIN = re.compile(
    r"https?://[A-Za-z0-9._-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:.]+\](:\d{1,5})?"
)


def allow_site(placement: Placement | None) -> None:
    """Let this page send to the dataset's site, if its check saw that browsers may."""
    if placement is None:
        return
    health = placement.site.health
    if health is not None and health.browser_transfer:
        allow_origins(*site_origins(placement.site.address))


def site_origins(address: SiteAddress) -> Iterator[str]:
    """Yield the origins that links to an S3 site have: by path, and by the bucket as a host.

    What is no plain origin is left out: it goes into a header that is a language of its own.
    """
    return (
        origin
        for origin in _candidates(address)
        if origin == _AMAZON or _PLAIN_ORIGIN.fullmatch(origin)
    )


def _candidates(address: SiteAddress) -> Iterator[str]:
    if address.kind is not SiteKind.S3:
        return
    endpoint = address.public_endpoint or address.endpoint
    if endpoint is None:
        yield _AMAZON
        return
    parts = urlsplit(endpoint)
    yield f"{parts.scheme}://{parts.netloc}"
    if parts.hostname and not parts.hostname.replace(".", "").isdigit():
        yield f"{parts.scheme}://{urlsplit(address.url).netloc}.{parts.netloc}"
