"""Addresses of the web that people name: http and https, read once, by the same eyes as they are called.

Source:  PROMISES.md, "Outgoing HTTP"; RFC 3986.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from core.errors import Invalid
from core.model.addresses import Endpoint, parse_endpoint

MAX_ADDRESS_CHARACTERS = 2_000

_KEPT: Final = "/%:@!$&'()*+,;=~-._"  # what a path may hold as it is; the rest is quoted
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOTS: Final = re.compile(r"(\.|%2e){1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where something is asked for: `path` is quoted, and "" or begins with a slash."""

    endpoint: Endpoint
    path: str = ""

    @property
    def url(self) -> str:
        """The address as it is written."""
        return f"{self.endpoint.url}{self.path}"


def parse_web_address(text: str, *, field: str) -> WebAddress:
    """Read an address of http or https; what stands behind `?` and `#` is looked at and left out.

    Raises:  Invalid, also for a user in it, blanks, backslashes, and hosts that are no plain names.
    """
    if len(text) > MAX_ADDRESS_CHARACTERS:
        raise _refusal(field, f"has more than {MAX_ADDRESS_CHARACTERS:,} characters")
    if not text.isprintable() or any(mark in text for mark in ' \\<>"'):
        raise _refusal(field, "holds a blank, a backslash or another character that needs quoting")
    try:
        parts = urlsplit(text)
    except ValueError as problem:
        raise _refusal(field, "cannot be read") from problem
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise _refusal(field, "is none")
    if "@" in parts.netloc:
        raise _refusal(field, "names a user, which nobody is asked as")
    endpoint = parse_endpoint(f"{parts.scheme}://{parts.netloc}", field=field)
    return WebAddress(endpoint, _quoted(parts.path, field))


def parse_base_address(text: str, *, field: str) -> WebAddress:
    """Read an address below which others are asked for: without `?` and `#`, or a slash at its end.

    Raises:  Invalid.
    """
    if "?" in text or "#" in text:
        raise _refusal(field, "has a ? or #, though routes are added to it")
    address = parse_web_address(text, field=field)
    return WebAddress(address.endpoint, address.path.rstrip("/"))


def _quoted(path: str, field: str) -> str:
    if _BROKEN_ESCAPE.search(path):
        raise _refusal(field, "has a % that begins no escape")
    if any(_DOTS.fullmatch(part) for part in path.split("/")):
        raise _refusal(field, "has . or .. in its path")
    return quote(path, safe=_KEPT)


def _refusal(field: str, why: str) -> Invalid:
    return Invalid(
        f"{field} {why}: give an address like https://host/path.", details={"field": field}
    )
