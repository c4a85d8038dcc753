"""Multipart uploads: created, filled by many threads, completed or aborted."""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Final

from core.model.storage import BLOCK_BYTES, Placement
from core.ports import StagingRecords
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_reading import md5_of
from storage_sites.s3_repeating import repeated

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES: Final = 2 * BLOCK_BYTES
_SENDS: Final = 3  # of a part that is not answered with its md5
COPY_BYTES: Final = 4 * BLOCK_BYTES  # what even a slow server copies within one call's time


class NoPartCopies(Exception):
    """The server stores an empty part where it was to copy one: rclone's does."""


class UnprovenPart(Exception):
    """The site took a part and did not answer with its md5: it encrypts, or kept other bytes."""


class Multipart:
    """One multipart upload to `key`, recorded as `record` before it exists.

    `proves_parts`: what each part that is sent is answered with must be its md5; one that is
    answered otherwise is sent again, and the third time is UnprovenPart.
    """

    def __init__(
        self,
        connection: S3Connection,
        staging: StagingRecords,
        placement: Placement,
        key: str,
        record: str,
        *,
        proves_parts: bool = False,
    ) -> None:
        self.key = key
        self.parts = 0
        self.size_bytes = 0
        self._connection = connection
        self._staging = staging
        self._placement = placement
        self._record = record
        self._upload_id: str | None = None
        self._is_completed = False
        self._sends = _SENDS if proves_parts else 1
        self._proves_parts = proves_parts
        self._md5s: dict[int, bytes] = {}
        self._under_way: deque[Future[CompletedPartTypeDef]] = deque()
        self._done: list[CompletedPartTypeDef] = []

    def begin(self) -> None:
        """Record it, then create it."""
        self._staging.record_staging(self._placement, self._record, None)
        with self._connection.call():
            created = self._connection.boto.create_multipart_upload(
                Bucket=self._connection.bucket,
                Key=self.key,
                ContentType="application/octet-stream",
            )
        self._upload_id = created["UploadId"]
        self._staging.record_staging(self._placement, self._record, self._upload_id)

    def resume(self, multipart_id: str, parts: Sequence[tuple[int, str]]) -> None:
        """Go on with an upload that was begun before: after the first parts (number, ETag) of it."""
        self._upload_id = multipart_id
        self._done = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        self.parts = len(parts)

    def settle(self) -> None:
        """Wait until every part that was sent is at the site. Raises SiteFailure."""
        wait(self._under_way)
        self._settle(0)

    @property
    def multipart_id(self) -> str | None:
        """What the site calls the upload."""
        return self._upload_id

    @property
    def tag(self) -> str:
        """What a site calls the whole that proved every part: the md5 of their md5s, and how many."""
        md5s = b"".join(self._md5s[number] for number in sorted(self._md5s))
        return f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(self._md5s)}"

    @property
    def under_way(self) -> int:
        """How many parts are on their way just now."""
        return sum(not one.done() for one in self._under_way)

    def send(self, data: bytes, *, at_once: int) -> None:
        """Send the next part from a thread; waits while `at_once` are under way."""
        self._submit(lambda number: self._upload(number, data), len(data), at_once)

    def copy(self, source: str, first: int, length_bytes: int, *, at_once: int) -> None:
        """Let the server copy a range of another key as the next part."""
        byte_range = f"bytes={first}-{first + length_bytes - 1}"
        is_quick = length_bytes <= COPY_BYTES
        client = self._connection.piece_boto if is_quick else self._connection.slow_boto
        self._submit(
            lambda number: self._copy(client, number, source, byte_range), length_bytes, at_once
        )

    def complete(self) -> bool:
        """Wait for the parts and make the object of them; say whether the site said so itself."""
        self._settle(0)
        told = complete(self._connection, self.key, self._upload_id or "", self._done)
        self._is_completed = True
        return told

    def clean_up(self, *, remove_key: bool) -> None:
        """Abort what was not completed; forget the record once nothing is left."""
        wait(self._under_way)
        if not self._is_completed:
            abort(self._connection, self.key, self._upload_id)
        if remove_key:
            with self._connection.call():
                self._connection.boto.delete_object(Bucket=self._connection.bucket, Key=self.key)
        self._staging.forget_staging(self._placement, self._record)

    def _submit(
        self, make: Callable[[int], CompletedPartTypeDef], size_bytes: int, at_once: int
    ) -> None:
        self._settle(at_once - 1)
        self.parts += 1
        self.size_bytes += size_bytes
        self._under_way.append(self._connection.pool.submit(make, self.parts))

    def _settle(self, leave: int) -> None:
        while len(self._under_way) > leave:
            self._done.append(self._under_way[0].result())
            self._under_way.popleft()

    def _upload(self, number: int, data: bytes) -> CompletedPartTypeDef:
        md5 = hashlib.md5(data, usedforsecurity=False)
        for _ in range(self._sends):
            part = self._send_part(number, data, md5.digest())
            if not self._proves_parts or md5_of(part.get("ETag")) == md5.hexdigest():
                self._md5s[number] = md5.digest()
                return part
        raise UnprovenPart

    def _send_part(self, number: int, data: bytes, md5: bytes) -> CompletedPartTypeDef:
        answer = repeated(
            self._connection,
            lambda: self._connection.piece_boto.upload_part(
                Bucket=self._connection.bucket,
                Key=self.key,
                UploadId=self._upload_id or "",
                PartNumber=number,
                Body=data,
                ContentMD5=base64.b64encode(md5).decode(),
            ),
        )
        return {"PartNumber": number, "ETag": answer.get("ETag", "")}

    def _copy(
        self, client: S3Client, number: int, source: str, byte_range: str
    ) -> CompletedPartTypeDef:
        answer = repeated(
            self._connection,
            lambda: client.upload_part_copy(
                Bucket=self._connection.bucket,
                Key=self.key,
                UploadId=self._upload_id or "",
                PartNumber=number,
                CopySource={"Bucket": self._connection.bucket, "Key": source},
                CopySourceRange=byte_range,
            ),
        )
        etag = answer["CopyPartResult"].get("ETag")
        if etag is None:
            raise NoPartCopies
        return {"PartNumber": number, "ETag": etag}


def complete(
    connection: S3Connection, key: str, upload_id: str, parts: Sequence[CompletedPartTypeDef]
) -> bool:
    """Make an object of parts; say whether the site said so itself.

    Asked again after an answer that did not come, it may know no such upload any more (False): then
    the object is there most likely, and whoever asked has to look.
    """
    attempts = 0

    def ask() -> None:
        nonlocal attempts
        attempts += 1
        connection.patient_boto.complete_multipart_upload(
            Bucket=connection.bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": list(parts)},
        )

    try:
        repeated(connection, ask, from_pool=False)
    except SiteFailure as problem:
        if attempts == 1 or problem.failure.kind is not Kind.ABSENT:
            raise
        return False
    return True


def abort(connection: S3Connection, key: str, upload_id: str | None) -> None:
    """Abort an upload; all of that key, if the id is not known. One that is gone is fine."""
    upload_ids = [upload_id]
    if upload_id is None:
        with connection.call():
            answer = connection.boto.list_multipart_uploads(Bucket=connection.bucket, Prefix=key)
        upload_ids = [one["UploadId"] for one in answer.get("Uploads", ()) if one["Key"] == key]
    for one in filter(None, upload_ids):
        try:
            with connection.call():
                connection.boto.abort_multipart_upload(
                    Bucket=connection.bucket, Key=key, UploadId=one
                )
        except SiteFailure as problem:
            if problem.failure.kind is not Kind.ABSENT:
                raise
