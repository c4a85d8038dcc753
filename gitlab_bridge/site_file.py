"""`site.yaml`: what a storage site's project says of its address. Never a secret.

Shape:   a YAML mapping of texts with the keys name, kind, url, endpoint, public_endpoint, region.
"""

from __future__ import annotations

import io
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from core.errors import Invalid
from core.model.storage import SiteAddress, SiteKind

SITE_FILE = "site.yaml"
MAX_SITE_FILE_BYTES = 16 * 1024

_KEYS = frozenset({"name", "kind", "url", "endpoint", "public_endpoint", "region"})


def write_site_file(name: str, address: SiteAddress) -> str:
    """Return the text of `site.yaml`.

    Raises:  Invalid, if an address holds a user name or password.
    """
    check_without_secrets(address)
    stated = {
        "name": name,
        "kind": address.kind.value,
        "url": address.url,
        "endpoint": address.endpoint,
        "public_endpoint": address.public_endpoint,
        "region": address.region,
    }
    out = io.StringIO()
    writer = YAML()
    writer.width = 4096
    writer.dump({key: text for key, text in stated.items() if text is not None}, out)
    return out.getvalue()


def read_site_file(data: bytes) -> SiteAddress | None:
    """Read `site.yaml` strictly; None, if it is anything but what we would write."""
    if len(data) > MAX_SITE_FILE_BYTES:
        return None
    try:
        stated = _load(data.decode())
        return _address(stated) if isinstance(stated, dict) else None
    except (YAMLError, ValueError, RecursionError):
        return None


def check_without_secrets(address: SiteAddress) -> None:
    """Refuse addresses that carry credentials: they would be committed for all to read."""
    for field in ("url", "endpoint", "public_endpoint"):
        text = getattr(address, field)
        if text and "@" in urlsplit(text).netloc:
            raise Invalid(
                f"The {field} must not hold a user name or password: give them as credentials.",
                details={"field": field},
            )


def _load(text: str) -> object:
    if any(isinstance(event, AliasEvent) for event in YAML(typ="safe", pure=True).parse(text)):
        return None
    return YAML(typ="safe", pure=True).load(text)


def _address(stated: dict[object, object]) -> SiteAddress | None:
    given = {key: text for key, text in stated.items() if text is not None}
    texts = {str(key): text for key, text in given.items() if isinstance(text, str)}
    if len(texts) != len(given) or not set(texts) <= _KEYS or "url" not in texts:
        return None
    return SiteAddress(
        kind=SiteKind(texts.get("kind", "")),
        url=texts["url"],
        endpoint=texts.get("endpoint"),
        public_endpoint=texts.get("public_endpoint"),
        region=texts.get("region"),
    )
