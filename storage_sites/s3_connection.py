"""One bucket with one pair of keys, reached through the right client for each byte.

obstore for get, head, list and single PUTs; boto3 for multipart uploads, copies and links (DESIGN 13).
Both are given everything explicitly: nothing of the server's own AWS settings or keys goes to a site.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.request import getproxies

import boto3
from botocore.config import Config
from obstore.store import S3Store as ObstoreStore

from core.errors import Forbidden, Invalid, Unavailable
from core.model.addresses import (
    Endpoint,
    Resolve,
    check_destination,
    parse_bucket_url,
    parse_endpoint,
)
from core.model.storage import SiteAddress, SiteKeys, SiteRecord
from storage_sites.gate import Gate
from storage_sites.s3_errors import FOREIGN, Kind, SiteFailure, failure_of
from storage_sites.site_threads import SiteThreads
from storage_sites.store import Tags

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Credential
    from types_boto3_s3 import S3Client

CONNECT_SECONDS: Final = 3
CALL_SECONDS: Final = 7  # a whole small request; between two pieces of a stream
PART_SECONDS: Final = 4  # twice tried
PIECE_SECONDS: Final = 6  # a part that is sent or copied; tried again by whoever asks
COPY_SECONDS: Final = 300
WORKERS: Final = 32
DEFAULT_REGION: Final = "us-east-1"
_KEPT_CONNECTIONS: Final = 64
_RECHECK_SECONDS: Final = 60.0
_NOWHERE: Final = "http://127.0.0.1:1"
_RETRIES: RetryConfig = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=2),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=1),
        "base": 2,
    },
}


class S3Connection:
    """The clients of one bucket; they are opened when first needed, in the process that needs them."""

    def __init__(
        self, name: str, address: SiteAddress, keys: SiteKeys, *, calls_at_once: int
    ) -> None:
        self.name = name
        self.bucket, self.prefix = parse_bucket_url(address.url)
        self.region = address.region or DEFAULT_REGION
        self.endpoint = endpoint_of(address)
        self.public_endpoint = (
            parse_endpoint(address.public_endpoint) if address.public_endpoint else self.endpoint
        )
        self.keys = keys
        self.tags = Tags.UNKNOWN
        self.serves_ranges = True  # as obstore wants them; rclone's server does not
        self.copies_parts = True  # rclone's server does not
        self.proves_parts = True  # answers each with its md5, and the whole with the md5 of these
        self.gate = Gate(name, calls_at_once)
        self.pool = SiteThreads(WORKERS, thread_name_prefix="site")
        self.quick = self._open_obstore({"timeout": timedelta(seconds=CALL_SECONDS)})
        # No bound on the whole: an object may be large. A stall is one all the same.
        self.streaming = self._open_obstore(
            {"timeout": timedelta(days=1), "read_timeout": timedelta(seconds=CALL_SECONDS)}
        )
        self._lock = Lock()
        self._session: boto3.session.Session | None = None  # of all clients: each takes 13 MB
        self._boto: dict[float, S3Client] = {}

    @property
    def boto(self) -> S3Client:
        """boto3 for requests that may be sent twice."""
        return self._open_boto(PART_SECONDS, attempts=2)

    @property
    def patient_boto(self) -> S3Client:
        """boto3 for requests that take the server some time: completing, and copying small objects."""
        return self._open_boto(CALL_SECONDS + 1.5, attempts=1)

    @property
    def piece_boto(self) -> S3Client:
        """boto3 for parts, sent and copied, which `repeated` sends again."""
        return self._open_boto(PIECE_SECONDS, attempts=1)

    @property
    def slow_boto(self) -> S3Client:
        """boto3 for copying large objects in one call, where a server can do it no other way."""
        return self._open_boto(COPY_SECONDS, attempts=1)

    @contextmanager
    def call(self, *, from_pool: bool = False) -> Iterator[None]:
        """Make one request: bounded in number, its errors told in our words.

        Threads of the pool are bounded by the pool and hold no place at the gate.
        Raises:  SiteFailure.
        """
        if from_pool:
            self.gate.check()
            with self.translated():
                yield
        else:
            with self.gate.pass_through(), self.translated():
                yield

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Tell the client's errors in our words and the gate what happened. Raises SiteFailure."""
        began = time.monotonic()
        try:
            yield
        except FOREIGN as error:
            failure = failure_of(error)
            if failure.kind is Kind.SILENT:
                self.gate.note_silence(began)
            else:
                self.gate.note_answer()
            raise SiteFailure(self.name, failure) from None
        self.gate.note_answer()

    def _open_obstore(self, timeouts: ClientConfig) -> ObstoreStore:
        client: ClientConfig = {
            "allow_http": self.endpoint.scheme == "http",
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            **timeouts,
        }
        if not {"http", "https", "all"} & set(getproxies()):
            # It follows redirects and cannot be told not to: they lead nowhere but to this host.
            client |= {"proxy_url": _NOWHERE, "proxy_excludes": self.endpoint.host}
        return ObstoreStore(
            self.bucket,
            endpoint=self.endpoint.url,
            aws_endpoint_url_s3=self.endpoint.url,
            region=self.region,
            credential_provider=_credential_of(self.keys),
            skip_signature=False,
            unsigned_payload=False,
            virtual_hosted_style_request=False,
            s3_express=False,
            client_options=client,
            retry_config=_RETRIES,
        )

    def _open_boto(self, read_seconds: float, *, attempts: int) -> S3Client:
        with self._lock:
            if read_seconds not in self._boto:
                self._session = self._session or boto3.session.Session()
                self._boto[read_seconds] = self._session.client(
                    "s3",
                    endpoint_url=self.endpoint.url,
                    region_name=self.region,
                    aws_access_key_id=self.keys.access_key.reveal(),
                    aws_secret_access_key=self.keys.secret_key.reveal(),
                    config=_boto_config(read_seconds, attempts),
                )
            return self._boto[read_seconds]


def _credential_of(keys: SiteKeys) -> Callable[[], S3Credential]:
    """Return how obstore asks for the keys: given as texts, it would add the server's own token."""
    credential: S3Credential = {
        "access_key_id": keys.access_key.reveal(),
        "secret_access_key": keys.secret_key.reveal(),
        "token": None,
        "expires_at": None,
    }
    return lambda: credential


def _boto_config(read_seconds: float, attempts: int) -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=WORKERS,
        # Parts carry Content-MD5, which every make of server checks.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path", "payload_signing_enabled": False},
    )


def endpoint_of(address: SiteAddress) -> Endpoint:
    """Return how the server reaches the site: its endpoint, or Amazon's of the region."""
    region = address.region or DEFAULT_REGION
    return parse_endpoint(address.endpoint or f"https://s3.{region}.amazonaws.com")


class Connections:
    """The connections of this process, by site; those used least lately are dropped.

    The address of a site is resolved and judged again every minute (names can be made to lead
    elsewhere after registration); between two looks the clients resolve for themselves.
    """

    def __init__(
        self, allowed_hosts: tuple[str, ...], resolve: Resolve, *, calls_at_once: int
    ) -> None:
        self._allowed_hosts = allowed_hosts
        self._resolve = resolve
        self._calls_at_once = calls_at_once
        self._begin_anew()

    def of(self, site: SiteRecord) -> S3Connection:
        """Return the site's connection.

        Raises:  Unavailable, if the site has no keys or its name leads where it may not.
        """
        if self._pid != os.getpid():
            self._begin_anew()
        key = (site.name, site.address, site.keys)
        with self._lock:
            connection = self._open.get(key)
            if connection is None:
                connection = self._open[key] = self.open_new(site.name, site.address, site.keys)
            self._open.move_to_end(key)
            while len(self._open) > _KEPT_CONNECTIONS:
                self._open.popitem(last=False)
        self._recheck(connection)
        return connection

    def open_new(self, name: str, address: SiteAddress, keys: SiteKeys | None) -> S3Connection:
        """Open a connection that is not kept. Raises Unavailable without keys."""
        if keys is None:
            raise Unavailable(f"The storage site {name} has no keys: register them again.")
        return S3Connection(name, address, keys, calls_at_once=self._calls_at_once)

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._open: OrderedDict[object, S3Connection] = OrderedDict()
        self._checked: dict[Endpoint, float] = {}

    def _recheck(self, connection: S3Connection) -> None:
        now = time.monotonic()
        if now - self._checked.get(connection.endpoint, -_RECHECK_SECONDS) < _RECHECK_SECONDS:
            return
        try:
            check_destination(connection.endpoint, self._allowed_hosts, self._resolve)
        except Invalid:
            return  # the name has no address just now: the clients will say so
        except Forbidden:
            raise Unavailable(
                f"The address of the storage site {connection.name} leads where this "
                f"installation does not allow it; ask whoever runs it."
            ) from None
        self._checked[connection.endpoint] = now
