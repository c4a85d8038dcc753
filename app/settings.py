"""What the environment decides, read once and refused at start-up where it cannot be right."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.environment import (
    Network,
    find_assets_db_id,
    find_secret,
    read_address,
    read_assets_visibility,
    read_networks,
    read_switch,
    read_words,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation. `base_url` and `gitlab_url` end without a slash.

    `hook_token` is what GitLab must send as `X-Gitlab-Token`; without a setting of its own it is
    derived from the secret key (`python -m app.settings` prints it). `old_secret_keys` only read
    what they once encrypted. `assets_site` is the number of a storage site or the name of one,
    "" for none; without `assets_db_id` the ledger makes one and keeps it.
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
    assets_site: str = ""
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
    old = read_words(environment, "LABSET_SECRET_KEY_OLD")
    return Settings(
        home=home,
        secret_key=key,
        base_url=read_address(environment, "LABSET_BASE_URL", "http://127.0.0.1:8000"),
        gitlab_url=read_address(environment, "LABSET_GITLAB_URL", "", may_have_path=True),
        database_url=environment.get("LABSET_DATABASE_URL")
        or f"sqlite:///{home / 'ledger.sqlite3'}",
        broker_url=environment.get("LABSET_BROKER_URL") or EMBEDDED_BROKER,
        hook_token=find_secret(environment, "LABSET_GITLAB_HOOK_TOKEN") or _derived_hook(key),
        old_secret_keys=tuple(_secret_key("LABSET_SECRET_KEY_OLD", text) for text in old),
        oauth_id=environment.get("LABSET_GITLAB_OAUTH_ID") or None,
        oauth_secret=find_secret(environment, "LABSET_GITLAB_OAUTH_SECRET"),
        service_token=find_secret(environment, "LABSET_GITLAB_SERVICE_TOKEN"),
        local_roots=_local_roots(environment.get("LABSET_LOCAL_ROOTS", "")),
        allowed_hosts=read_words(environment, "LABSET_ALLOWED_HOSTS"),
        assets_site=environment.get("LABSET_ASSETS_SITE", "").strip(),
        assets_db_id=find_assets_db_id(environment),
        assets_visibility=read_assets_visibility(environment),
        assets_open=read_switch(environment, "LABSET_ASSETS_OPEN"),
        trusted_proxies=read_networks(environment, "LABSET_TRUSTED_PROXIES"),
        access_log=read_switch(environment, "LABSET_ACCESS_LOG"),
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


def _local_roots(text: str) -> tuple[Path, ...]:
    roots = tuple(Path(part) for part in text.split(os.pathsep) if part)
    for root in roots:
        if not root.is_absolute():
            raise Invalid(f"LABSET_LOCAL_ROOTS names {root}; give absolute folders, joined by ':'.")
    return roots


if __name__ == "__main__":
    sys.stdout.write(read_settings(os.environ).hook_token.reveal() + "\n")
