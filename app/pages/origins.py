"""Where this page's scripts may reach besides us: the storage site that takes uploads directly."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from app.headers import allow_origins
from core.model.storage import Placement, SiteAddress, SiteKind

_AMAZON = "https://*.amazonaws.com"


def allow_site(placement: Placement | None) -> None:
    """Let this page send to the dataset's site, if its check saw that browsers may."""
    if placement is None:
        return
    health = placement.site.health
    if health is not None and health.browser_transfer:
        allow_origins(*site_origins(placement.site.address))


def site_origins(address: SiteAddress) -> Iterator[str]:
    """Yield the origins that links to an S3 site have: by path, and by the bucket as a host."""
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
