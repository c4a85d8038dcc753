"""How variables of the environment are read: each right, or refused by its name in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import SplitResult, urlsplit

from core.errors import Invalid
from core.model.access import Secret
from core.model.assets import AssetVisibility

Network = IPv4Network | IPv6Network

_ASSETS_DB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def read_address(
    environment: Mapping[str, str], name: str, default: str, *, may_have_path: bool = False
) -> str:
    """Return an http(s) address without a slash at its end. Raises Invalid."""
    text = (environment.get(name) or default).rstrip("/")
    if not text:
        raise Invalid(f"{name} is not set; give it as https://host.")
    try:
        right = _is_plain_origin(urlsplit(text), may_have_path=may_have_path)
    except ValueError:
        right = False
    if not right:
        raise Invalid(f"{name} is {text!r}; give it as https://host or http://host:port.")
    return text


def find_secret(environment: Mapping[str, str], name: str) -> Secret | None:
    """Return a secret, where one is set."""
    text = environment.get(name, "").strip()
    return Secret(text) if text else None


def read_switch(environment: Mapping[str, str], name: str) -> bool:
    """Say whether something is switched on: set, and not to `0`."""
    return environment.get(name, "0") not in {"", "0"}


def read_words(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return a list whose words are separated by commas or blanks."""
    return tuple(environment.get(name, "").replace(",", " ").split())


def read_networks(environment: Mapping[str, str], name: str) -> tuple[Network, ...]:
    """Return addresses and networks. Raises Invalid."""
    try:
        return tuple(ip_network(word) for word in read_words(environment, name))
    except ValueError as problem:
        raise Invalid(
            f"{name}: {problem}; give addresses or networks, like 10.0.0.0/8."
        ) from problem


def find_assets_db_id(environment: Mapping[str, str]) -> str | None:
    """Return what this asset database is called, where that is set. Raises Invalid."""
    text = environment.get("LABSET_ASSETS_DB_ID", "").strip()
    return check_assets_db_id(text, "LABSET_ASSETS_DB_ID") if text else None


def check_assets_db_id(text: str, source: str) -> str:
    """Return an id that can stand in a key of S3 and in the name of a folder. Raises Invalid."""
    if not _ASSETS_DB_ID.fullmatch(text):
        raise Invalid(
            f"{source} is {text!r}; give at most 64 letters, digits, '_' and '-', beginning with a "
            "letter or digit."
        )
    return text


def read_assets_visibility(environment: Mapping[str, str]) -> AssetVisibility:
    """Return who may read assets that say nothing of it. Raises Invalid."""
    offered = (AssetVisibility.PUBLIC, AssetVisibility.INTERNAL, AssetVisibility.PRIVATE)
    text = environment.get("LABSET_ASSETS_VISIBILITY", "").strip().lower()
    if text and text not in {one.value for one in offered}:
        raise Invalid(f"LABSET_ASSETS_VISIBILITY is {text!r}; give one of {', '.join(offered)}.")
    return AssetVisibility(text) if text else AssetVisibility.PUBLIC


def _is_plain_origin(parts: SplitResult, *, may_have_path: bool) -> bool:
    """Say whether it is one; ValueError, if the port is no number."""
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.port != 0
        and parts.username is None
        and not (parts.query or parts.fragment)
        and (may_have_path or not parts.path)
    )
