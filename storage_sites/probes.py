"""What the check of a site tries: first what every site must do, then what S3 adds."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

from core.model.names import DatasetId, Md5, SiteId
from core.model.storage import Placement, SiteAddress, SiteKeys, SiteRecord
from storage_sites.checking import Step
from storage_sites.intake import Intake
from storage_sites.keys import new_staging_key, object_key
from storage_sites.local_store import LocalStore
from storage_sites.s3_connection import CALL_SECONDS, CONNECT_SECONDS, S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_links import Signer
from storage_sites.s3_multipart import Multipart
from storage_sites.store import Store

FOR_BROWSERS: Final = frozenset({"checksum", "link", "cors"})
_PROBE_BYTES: Final = 64 * 1024


class NoStaging:
    """`StagingRecords` of a check: its few keys are removed by itself."""

    def record_staging(self, placement: Placement, key: str, multipart_id: str | None) -> None:
        """Record nothing."""

    def forget_staging(self, placement: Placement, key: str) -> None:
        """Forget nothing."""

    def list_staging(self, older_than: datetime) -> Sequence[tuple[DatasetId, str, str | None]]:
        """Return nothing."""
        del older_than
        return ()


class StoreProbe:
    """The steps of every site, through the very code that datasets use."""

    def __init__(self, store: Store, place: Placement, site_prefix: str) -> None:
        self._store = store
        self._place = place
        self._site_prefix = site_prefix
        self._data = secrets.token_bytes(_PROBE_BYTES)
        md5 = Md5(hashlib.md5(self._data, usedforsecurity=False).hexdigest())
        self._key = object_key(place, md5)
        self.steps: Sequence[Step] = (
            Step("write", self._write),
            Step("read", self._read),
            Step("range", self._range),
            Step("list", self._list),
            Step("delete", self._delete),
        )

    def clean_up(self) -> None:
        """Remove the probe."""
        self._store.remove([self._key])

    def _write(self) -> None:
        self._store.put(self._place, Intake([self._data], expected=None, size_bytes=None))

    def _read(self) -> str | None:
        opened = self._store.open(self._key, len(self._data), len(self._data))
        if opened is None:
            return "What was written is not there."
        return None if opened.data == self._data else "It gives back other bytes than were written."

    def _range(self) -> str | None:
        part = self._store.read_range(self._key, 1000, 200)
        return None if part == self._data[1000:1200] else "It gives back the wrong part of a file."

    def _list(self) -> str | None:
        name = self._place.prefix.rpartition("/")[2]
        there = name in self._store.list_folders(self._site_prefix)
        return None if there else "What was written does not appear in its listing."

    def _delete(self) -> str | None:
        self._store.remove([self._key])
        return None if self._store.find(self._key) is None else "A deleted file is still there."


class LocalProbe(StoreProbe):
    """A folder's probe leaves folders, which go as well."""

    def __init__(self, store: LocalStore, place: Placement) -> None:
        super().__init__(store, place, "")
        self._folder = store

    def clean_up(self) -> None:
        """Remove the probe and its folders."""
        self._folder.remove_folder(self._place.prefix)


class S3Probe(StoreProbe):
    """What only S3 does; browsers need the last three steps, Labset itself does not."""

    def __init__(
        self, store: Store, place: Placement, connection: S3Connection, origin: str
    ) -> None:
        super().__init__(store, place, connection.prefix)
        self._connection = connection
        self._origin = origin
        self._source, self._target, self._sent = (new_staging_key(place) for _ in range(3))
        first, last = list(self.steps[:3]), list(self.steps[3:])
        self.steps = (
            *first,
            Step("multipart", self._multipart),
            Step("copy", self._copy),
            *last,
            Step("checksum", self._checksum, is_needed=False),
            Step("link", self._link, is_needed=False),
            Step("cors", self._cors, is_needed=False),
        )

    def clean_up(self) -> None:
        """Remove the probes."""
        self._store.remove([self._key, self._source, self._target, self._sent])

    def _multipart(self) -> str | None:
        upload = Multipart(self._connection, NoStaging(), self._place, self._source, self._source)
        upload.begin()
        try:
            upload.send(self._data, at_once=1)
            upload.complete()
        finally:
            upload.clean_up(remove_key=False)
        return self._compare(self._source)

    def _copy(self) -> str | None:
        bucket = self._connection.bucket
        with self._connection.call():
            self._connection.patient_boto.copy_object(
                Bucket=bucket, Key=self._target, CopySource={"Bucket": bucket, "Key": self._source}
            )
        return self._compare(self._target)

    def _compare(self, key: str) -> str | None:
        opened = self._store.open(key, len(self._data), len(self._data))
        right = opened is not None and opened.data == self._data
        return None if right else "What came out is not what went in."

    def _checksum(self) -> str | None:
        wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
        try:
            with self._connection.call():
                self._connection.boto.put_object(
                    Bucket=self._connection.bucket,
                    Key=self._sent,
                    Body=self._data,
                    ContentMD5=wrong,
                )
        except SiteFailure as problem:
            if problem.failure.kind is Kind.REFUSED:
                return None
            raise
        return "It accepts bytes with a wrong checksum: browsers send through Labset."

    def _link(self) -> str | None:
        link = Signer(self._connection, self._connection.endpoint).link_put(self._sent, self._md5)
        with _http() as http:
            wrong = _send(http, "PUT", link.url, link.headers, self._data[1:])
            right = _send(http, "PUT", link.url, link.headers, self._data)
        if wrong is not None and wrong.status == HTTPStatus.OK:
            return "A link takes other bytes than it was signed for: browsers send through Labset."
        taken = right is not None and right.status == HTTPStatus.OK
        return None if taken else "It refuses the bytes that a link was signed for."

    def _cors(self) -> str | None:
        link = Signer(self._connection, self._connection.public_endpoint).link_put(
            self._sent, self._md5
        )
        asked = {
            "Origin": self._origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-md5",
        }
        with _http() as http:
            asking = _send(http, "OPTIONS", link.url, asked, None)
            headers = {**link.headers, "Origin": self._origin}
            sending = _send(http, "PUT", link.url, headers, self._data)
        if asking is None or sending is None:
            return "Its address for browsers does not answer Labset's server."
        problems = _problems_of(asking, self._origin) + _exposure_problems(sending, self._origin)
        listed = ", ".join(problems)
        return f"For {self._origin} its CORS rules lack {listed}." if problems else None

    @property
    def _md5(self) -> Md5:
        return Md5(hashlib.md5(self._data, usedforsecurity=False).hexdigest())


def place_of_probe(
    name: str, address: SiteAddress, keys: SiteKeys | None, prefix: str
) -> Placement:
    """Return a placement that no dataset has; the numbers in it name nothing."""
    site = SiteRecord(SiteId(1), name, address, keys, registered_by="")
    place = f"labset-check-{secrets.token_hex(8)}"
    return Placement(DatasetId(1), site, f"{prefix}/{place}" if prefix else place)


def _http() -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=CALL_SECONDS)
    return urllib3.PoolManager(timeout=timeout, retries=False)


def _send(
    http: urllib3.PoolManager, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> urllib3.BaseHTTPResponse | None:
    try:
        return http.request(method, url, headers=dict(headers), body=body, redirect=False)
    except HTTPError:
        return None


def _problems_of(asking: urllib3.BaseHTTPResponse, origin: str) -> list[str]:
    problems = []
    if asking.status >= HTTPStatus.MULTIPLE_CHOICES or not _admits(asking, "Allow-Origin", origin):
        problems.append("the origin")
    if not _admits(asking, "Allow-Methods", "PUT"):
        problems.append("the method PUT")
    if not _admits(asking, "Allow-Headers", "content-md5"):
        problems.append("the header Content-MD5")
    return problems


def _exposure_problems(sending: urllib3.BaseHTTPResponse, origin: str) -> list[str]:
    problems = [] if sending.status == HTTPStatus.OK else ["a PUT that goes well"]
    if not _admits(sending, "Allow-Origin", origin):
        problems.append("the origin of the PUT itself")
    if not _admits(sending, "Expose-Headers", "etag"):
        problems.append("ETag among the exposed headers")
    return problems


def _admits(answer: urllib3.BaseHTTPResponse, header: str, wanted: str) -> bool:
    told = answer.headers.get(f"Access-Control-{header}", "")
    named = {word.strip().lower() for word in told.split(",")}
    return "*" in named or wanted.lower() in named
