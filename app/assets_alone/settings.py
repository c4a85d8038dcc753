"""What the environment decides of an asset database that runs alone."""

from __future__ import annotations

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
from core.model.addresses import Endpoint, parse_bucket_url, parse_endpoint, parse_folder_url
from core.model.assets import AssetVisibility
from core.model.storage import SiteAddress, SiteKeys, SiteKind

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8010

_HIGHEST_PORT = 65535
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HOW_TO_LET_PEOPLE_WRITE = (
    "Nobody could write. Set LABSET_ASSETS_TOKENS to a file (chmod 600) that has a line `name token` "
    "for everybody who may write; a token is made with: "
    "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'. "
    "Or, on a network that you trust, set LABSET_ASSETS_OPEN=1: then everybody who reaches it may."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AloneSettings:
    """One asset database. `base_url` ends without a slash.

    `assets_db_id` is None where the home keeps the id. `has_own_store`: the folder of the store was
    not named and is made below the home.
    """

    home: Path
    bind: str
    port: int
    base_url: str
    database_url: str
    assets_db_id: str | None
    store: SiteAddress
    keys: SiteKeys | None
    has_own_store: bool
    tokens_file: Path | None
    is_open: bool
    visibility: AssetVisibility
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    access_log: bool = False

    @property
    def is_https(self) -> bool:
        """Whether people reach it encrypted."""
        return self.base_url.startswith("https://")

    @property
    def endpoint(self) -> Endpoint | None:
        """Where the operator's own S3 service answers; None for Amazon's, and for folders."""
        return parse_endpoint(self.store.endpoint) if self.store.endpoint else None

    @property
    def folder(self) -> Path | None:
        """The folder of the store; None for S3."""
        is_local = self.store.kind is SiteKind.LOCAL
        return Path(parse_folder_url(self.store.url)) if is_local else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever starts it should know."""
        told: list[str] = []
        if self.is_open:
            told.append(
                "LABSET_ASSETS_OPEN=1: everybody who reaches this address may add assets, and change "
                "and delete those that have no owner."
            )
        if self.bind not in _LOOPBACK and self.base_url == f"http://127.0.0.1:{self.port}":
            told.append(
                f"LABSET_BASE_URL is not set: the addresses of assets will begin with {self.base_url}, "
                "which nobody but this machine reaches."
            )
        return tuple(told)


def read_alone_settings(environment: Mapping[str, str]) -> AloneSettings:
    """Return the settings of `environment` (normally `os.environ`); nothing is read or made.

    Raises:  Invalid, with a sentence for whoever starts it: which variable, what is wrong, what to do.
    """
    home = Path(environment.get("LABSET_HOME") or CHECKOUT / "var" / "assets-alone").resolve()
    tokens = environment.get("LABSET_ASSETS_TOKENS", "").strip()
    is_open = read_switch(environment, "LABSET_ASSETS_OPEN")
    if not tokens and not is_open:
        raise Invalid(_HOW_TO_LET_PEOPLE_WRITE)
    port = _port(environment)
    store = _store(environment, home)
    return AloneSettings(
        home=home,
        bind=environment.get("LABSET_BIND") or "127.0.0.1",
        port=port,
        base_url=read_address(environment, "LABSET_BASE_URL", f"http://127.0.0.1:{port}"),
        database_url=environment.get("LABSET_DATABASE_URL")
        or f"sqlite:///{home / 'assets.sqlite3'}",
        assets_db_id=find_assets_db_id(environment),
        store=store,
        keys=_keys(environment, store),
        has_own_store=not environment.get("LABSET_ASSETS_STORE"),
        tokens_file=Path(tokens).absolute() if tokens else None,
        is_open=is_open,
        visibility=read_assets_visibility(environment),
        allowed_hosts=read_words(environment, "LABSET_ALLOWED_HOSTS"),
        trusted_proxies=read_networks(environment, "LABSET_TRUSTED_PROXIES"),
        access_log=read_switch(environment, "LABSET_ACCESS_LOG"),
    )


def _port(environment: Mapping[str, str]) -> int:
    text = environment.get("LABSET_ASSETS_PORT") or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST_PORT):
        raise Invalid(f"LABSET_ASSETS_PORT is {text!r}; give a number from 1 to {_HIGHEST_PORT}.")
    return int(text)


def _store(environment: Mapping[str, str], home: Path) -> SiteAddress:
    url = environment.get("LABSET_ASSETS_STORE") or (home / "store").as_uri()
    if url.startswith("s3://"):
        return _bucket(environment, url)
    try:
        parse_folder_url(url)
    except Invalid as problem:
        raise Invalid(
            f"LABSET_ASSETS_STORE is {url!r}; give s3://bucket/prefix or file:///absolute/folder."
        ) from problem
    return SiteAddress(SiteKind.LOCAL, url)


def _bucket(environment: Mapping[str, str], url: str) -> SiteAddress:
    endpoint = environment.get("LABSET_ASSETS_S3_ENDPOINT") or None
    try:
        parse_bucket_url(url)
    except Invalid as problem:
        raise Invalid(f"LABSET_ASSETS_STORE: {problem.message}") from problem
    try:
        address = parse_endpoint(endpoint).url if endpoint else None
    except Invalid as problem:
        raise Invalid(f"LABSET_ASSETS_S3_ENDPOINT: {problem.message}") from problem
    region = environment.get("LABSET_ASSETS_S3_REGION") or None
    return SiteAddress(SiteKind.S3, url, endpoint=address, region=region)


def _keys(environment: Mapping[str, str], store: SiteAddress) -> SiteKeys | None:
    if store.kind is not SiteKind.S3:
        return None
    access = find_secret(environment, "LABSET_ASSETS_S3_ACCESS_KEY")
    secret = find_secret(environment, "LABSET_ASSETS_S3_SECRET_KEY")
    if access is None or secret is None:
        missing = "LABSET_ASSETS_S3_SECRET_KEY" if access else "LABSET_ASSETS_S3_ACCESS_KEY"
        raise Invalid(f"{missing} is not set: {store.url} is read and written with a pair of keys.")
    return SiteKeys(access, secret)
