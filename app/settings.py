"""What the environment decides, read once and refused at start-up where it cannot be right."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from core.errors import Invalid
from core.model.access import Secret
from core.model.assets import AssetVisibility

EMBEDDED_BROKER = "labset-folder://localhost/"
_SHORTEST_KEY_BYTES = 32
_FEWEST_DIFFERENT_BYTES = 10
_PLACEHOLDERS = ("change", "default", "example", "insecure", "password", "secret", "your-", "xxxx")
_HOW_TO_MAKE_A_KEY = (
    "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))' "
    "and keep it: what is encrypted with it cannot be read without it"
)
_ASSETS_DB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation. `base_url` and `gitlab_url` end without a slash.

    `hook_token` is what GitLab must send as `X-Gitlab-Token`; without a setting of its own it is
    derived from the secret key (`python -m app.settings` prints it). `old_secret_keys` only read
    what they once encrypted. `assets_site` is the number of a storage site or the name of one;
    without `assets_db_id` the ledger makes one and keeps it.
    """

    home: Path
    secret_key: Secret
    base_url: str
    gitlab_url: str
    database_url: str
    broker_url: str
    hook_token: Secret
    old_secret_keys: tuple[Secret, ...] = ()
    oauth_id: str | None = None
    oauth_secret: Secret | None = None
    service_token: Secret | None = None
    local_roots: tuple[Path, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    assets_site: int | str | None = None
    assets_db_id: str | None = None
    assets_visibility: AssetVisibility = AssetVisibility.PUBLIC
    assets_open: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    access_log: bool = False

    @property
    def is_https(self) -> bool:
        """Whether people reach us encrypted: cookies are then `Secure`."""
        return self.base_url.startswith("https://")

    @property
    def secret_keys(self) -> tuple[Secret, ...]:
        """The key that encrypts, then those that only decrypt."""
        return (self.secret_key, *self.old_secret_keys)

    @property
    def mirrors(self) -> Path:
        """The folder of the bare mirrors."""
        return self.home / "mirrors"

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 bytes that belong to one purpose alone (HMAC-SHA256 of its name)."""
        return hmac.digest(self.secret_key.reveal().encode(), purpose.encode(), "sha256")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of `environment` (normally `os.environ`).

    Raises:  Invalid, with a sentence for whoever installs: which variable, what is wrong, what to do.
    """
    home = Path(environment.get("LABSET_HOME") or "var").resolve()
    key = _secret_key("LABSET_SECRET_KEY", environment.get("LABSET_SECRET_KEY", ""))
    old = _words(environment.get("LABSET_SECRET_KEY_OLD", ""))
    return Settings(
        home=home,
        secret_key=key,
        base_url=_address(environment, "LABSET_BASE_URL", "http://127.0.0.1:8000"),
        gitlab_url=_address(environment, "LABSET_GITLAB_URL", ""),
        database_url=environment.get("LABSET_DATABASE_URL")
        or f"sqlite:///{home / 'ledger.sqlite3'}",
        broker_url=environment.get("LABSET_BROKER_URL") or EMBEDDED_BROKER,
        hook_token=_find_secret(environment, "LABSET_GITLAB_HOOK_TOKEN") or _derived_hook(key),
        old_secret_keys=tuple(_secret_key("LABSET_SECRET_KEY_OLD", text) for text in old),
        oauth_id=environment.get("LABSET_GITLAB_OAUTH_ID") or None,
        oauth_secret=_find_secret(environment, "LABSET_GITLAB_OAUTH_SECRET"),
        service_token=_find_secret(environment, "LABSET_GITLAB_SERVICE_TOKEN"),
        local_roots=_local_roots(environment.get("LABSET_LOCAL_ROOTS", "")),
        allowed_hosts=_words(environment.get("LABSET_ALLOWED_HOSTS", "")),
        assets_site=_number_or_name(environment.get("LABSET_ASSETS_SITE", "")),
        assets_db_id=_assets_db_id(environment.get("LABSET_ASSETS_DB_ID", "")),
        assets_visibility=_assets_visibility(environment.get("LABSET_ASSETS_VISIBILITY", "")),
        assets_open=environment.get("LABSET_ASSETS_OPEN", "0") not in {"", "0"},
        trusted_proxies=_networks(environment.get("LABSET_TRUSTED_PROXIES", "")),
        access_log=environment.get("LABSET_ACCESS_LOG", "0") not in {"", "0"},
    )


def _secret_key(name: str, text: str) -> Secret:
    if not text:
        raise Invalid(f"{name} is not set; {_HOW_TO_MAKE_A_KEY}.")
    if len(text.encode()) < _SHORTEST_KEY_BYTES:
        raise Invalid(f"{name} has fewer than 32 bytes; {_HOW_TO_MAKE_A_KEY}.")
    lower = text.lower()
    if len(set(text)) < _FEWEST_DIFFERENT_BYTES or any(word in lower for word in _PLACEHOLDERS):
        raise Invalid(f"{name} is a known or guessable value; {_HOW_TO_MAKE_A_KEY}.")
    return Secret(text)


def _derived_hook(key: Secret) -> Secret:
    return Secret(hmac.new(key.reveal().encode(), b"gitlab hook", hashlib.sha256).hexdigest())


def _find_secret(environment: Mapping[str, str], name: str) -> Secret | None:
    text = environment.get(name, "").strip()
    return Secret(text) if text else None


def _address(environment: Mapping[str, str], name: str, default: str) -> str:
    text = (environment.get(name) or default).rstrip("/")
    if not text:
        raise Invalid(f"{name} is not set; give it as https://host.")
    try:
        parts = urlsplit(text)
        right = _is_plain_origin(parts, may_have_path=name != "LABSET_BASE_URL")
    except ValueError:
        right = False
    if not right:
        raise Invalid(f"{name} is {text!r}; give it as https://host or http://host:port.")
    return text


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


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _local_roots(text: str) -> tuple[Path, ...]:
    roots = tuple(Path(part) for part in text.split(os.pathsep) if part)
    for root in roots:
        if not root.is_absolute():
            raise Invalid(f"LABSET_LOCAL_ROOTS names {root}; give absolute folders, joined by ':'.")
    return roots


def _number_or_name(text: str) -> int | str | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else text or None


def _assets_db_id(text: str) -> str | None:
    text = text.strip()
    if text and not _ASSETS_DB_ID.fullmatch(text):
        raise Invalid(
            f"LABSET_ASSETS_DB_ID is {text!r}; give at most 64 letters, digits, '.', '_' and '-'."
        )
    return text or None


def _assets_visibility(text: str) -> AssetVisibility:
    offered = (AssetVisibility.PUBLIC, AssetVisibility.INTERNAL, AssetVisibility.PRIVATE)
    text = text.strip().lower() or AssetVisibility.PUBLIC.value
    if text not in {one.value for one in offered}:
        raise Invalid(f"LABSET_ASSETS_VISIBILITY is {text!r}; give one of {', '.join(offered)}.")
    return AssetVisibility(text)


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(word) for word in _words(text))
    except ValueError as problem:
        raise Invalid(
            f"LABSET_TRUSTED_PROXIES: {problem}; give addresses or networks, like 10.0.0.0/8."
        ) from problem


if __name__ == "__main__":
    sys.stdout.write(read_settings(os.environ).hook_token.reveal() + "\n")
