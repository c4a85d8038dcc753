"""Where an installation may connect to: pure rules; whoever calls them resolves the names.

Source:  PROMISES.md, "Outgoing HTTP"; the rules of S3 for bucket names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import Forbidden, Invalid

Resolve = Callable[[str, int], Iterable[str]]
"""Returns the addresses of a host (and port); raises OSError where there are none."""

_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64: Final = IPv6Network(
    "64:ff9b:1::/48"
)  # RFC 8215: embeds addresses as each network likes
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")
_PECULIAR: Final = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; some Pythons call part of it global
    IPv4Network("168.63.129.16/32"),  # Azure's own services, as every machine there sees them
)
_BUCKET: Final = re.compile(r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]{0,127}")
_HOST: Final = re.compile(
    r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?"
)
_HOSTS: Final = (
    "A host is a name of letters, digits, dots and dashes, in its xn-- form for other scripts, or an "
    "IP address as it is usually written."
)
_LONGEST_HOST: Final = 253
_LONGEST_PREFIX: Final = 512


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An http(s) origin: `host` without brackets, lower case; `port` always known."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The origin as it is written, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parse_endpoint(text: str, *, field: str = "endpoint") -> Endpoint:
    """Read `http://host[:port]` or `https://…`: no user, path, query or fragment.

    Raises:  Invalid, naming the field.
    """
    if not text.isprintable() or " " in text:
        raise _no_endpoint(text, field)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as problem:
        raise _no_endpoint(
            text, field, "Ports end at 65535; an IPv6 address stands in [ ]."
        ) from problem
    plain = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in _PORTS or not plain or "?" in text or "#" in text or port == 0:
        raise _no_endpoint(text, field)
    if not _is_host(host):
        raise _no_endpoint(text, field, _HOSTS)
    return Endpoint(parts.scheme, host, port or _PORTS[parts.scheme])


def parse_bucket_url(url: str) -> tuple[str, str]:
    """Read `s3://bucket[/prefix]` as bucket and prefix; the prefix is "" or has no outer slashes.

    Raises:  Invalid.
    """
    parts = _split(url)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if parts.scheme != "s3" or parts.query or parts.fragment or "?" in url or "#" in url:
        raise _invalid_url("An S3 site's url is s3://bucket/prefix.")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket or _is_ipv4(bucket):
        raise _invalid_url(
            f"{bucket!r} cannot be a bucket: 3 to 63 lower-case letters, digits, dots and dashes."
        )
    segments = prefix.split("/") if prefix else []
    if len(prefix) > _LONGEST_PREFIX or not all(map(_is_safe_segment, segments)):
        raise _invalid_url(
            f"{prefix!r} cannot be a prefix: letters, digits, '.', '_', '=' and '-' between slashes."
        )
    return bucket, prefix


def parse_folder_url(url: str) -> PurePosixPath:
    """Read `file:///absolute/folder`.

    Raises:  Invalid, also for `.` and `..` in it.
    """
    parts = _split(url)
    path = unquote(parts.path)
    unusual = parts.netloc or parts.query or parts.fragment or "\0" in path
    segments = path.strip("/").split("/")
    if parts.scheme != "file" or unusual or not path.startswith("/"):
        raise _invalid_url("A local site's url is file:///absolute/folder.")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise _invalid_url("A local site's folder has no empty, '.' or '..' part, and is not '/'.")
    return PurePosixPath("/", *segments)


def is_global(address: str) -> bool:
    """Whether an IP address belongs to the public internet, whatever it is wrapped in.

    Unwrapped: IPv4-mapped and -compatible, NAT64, 6to4 and Teredo. Text that is none is not global.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(map(_is_plainly_global, _unwrapped(parsed)))


def check_destination(endpoint: Endpoint, allowed_hosts: Iterable[str], resolve: Resolve) -> None:
    """Refuse an endpoint that leads anywhere but the public internet or to a listed host.

    `allowed_hosts`: `host` (any port) or `host:port`; names are compared, not addresses.
    Raises:  Invalid, if the name has no address; Forbidden, if one of them is not allowed.
    """
    if is_listed(endpoint, allowed_hosts):
        return
    try:
        addresses = list(resolve(endpoint.host, endpoint.port))
    except (OSError, UnicodeError) as problem:
        raise Invalid(
            f"The host {endpoint.host} has no address: is it spelled right?",
            code="unknown_host",
            details={"host": endpoint.host},
        ) from problem
    if not addresses or not all(map(is_global, addresses)):
        raise Forbidden(
            f"{endpoint.host} is not on the public internet, and this installation's "
            f"LABSET_ALLOWED_HOSTS does not list it",
            code="address_not_allowed",
        )


def is_listed(endpoint: Endpoint, allowed_hosts: Iterable[str]) -> bool:
    """Whether the operator has listed the host, or the host with this port."""
    bracketed = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    names = {endpoint.host, bracketed, f"{bracketed}:{endpoint.port}"}
    return any(entry.lower() in names for entry in allowed_hosts)


def _unwrapped(parsed: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(parsed, IPv4Address):
        return [parsed]
    if parsed.ipv4_mapped:
        return [parsed.ipv4_mapped]
    if any(parsed in network for network in (_NAT64, _IPV4_COMPATIBLE)):
        return [IPv4Address(parsed.packed[-4:])]
    inner: list[IPv4Address | IPv6Address] = [*(parsed.teredo or ())]
    if parsed.sixtofour:
        inner.append(parsed.sixtofour)
    return inner or [parsed]


def _is_plainly_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address.is_site_local or address in _LOCAL_NAT64):
        return False
    if any(address in network for network in _PECULIAR):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _is_host(host: str) -> bool:
    if ":" in host:
        return "%" not in host and _is_ip(host)
    if not host.isascii() or len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        return False
    # 127.1, 0x7f.1 and 2130706433 are addresses to some resolvers: only dotted quads are taken.
    last = host.rstrip(".").rpartition(".")[2]
    looks_numeric = last.isdigit() or bool(re.fullmatch(r"0x[0-9a-f]*", last))
    return _is_ip(host) if looks_numeric else True


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_ipv4(text: str) -> bool:
    return bool(re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text))


def _is_safe_segment(segment: str) -> bool:
    return bool(_SEGMENT.fullmatch(segment)) and not segment.endswith(".")


def _split(url: str) -> SplitResult:
    """Split a url that is what it looks like: `urlsplit` takes line breaks and tabs away unseen."""
    if not url.isprintable() or " " in url:
        raise _invalid_url(f"{url!r} holds a blank or a control character.")
    try:
        return urlsplit(url)
    except ValueError as problem:
        raise _invalid_url(f"{url!r} is not a url.") from problem


def _invalid_url(message: str) -> Invalid:
    return Invalid(message, details={"field": "url"})


def _no_endpoint(text: str, field: str, why: str = "") -> Invalid:
    advice = f"give http://host:port or https://host. {why}".rstrip()
    return Invalid(
        f"{text!r} is not an {field.replace('_', ' ')}: {advice}",
        details={"field": field},
    )
