"""Parts of large files in a bucket: one multipart upload to a staging key for each.

What is less than a part waits as an object of its own: no byte that arrived has to come again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import obstore

from core.errors import Conflict, Incomplete, Invalid, NotFound, Unavailable
from core.model.names import Md5
from core.model.parts import MAX_BUFFERED_PART_BYTES, Arrived, Part, PartPlan, Staging
from core.model.storage import BLOCK_BYTES, Link, Placement, StoredObject
from core.ports import StagingRecords
from storage_sites.intake import Intake, check_offset
from storage_sites.keys import new_staging_key, tail_key, tails_prefix
from storage_sites.s3_connection import S3Connection
from storage_sites.s3_errors import Kind, SiteFailure
from storage_sites.s3_links import Signer
from storage_sites.s3_multipart import Multipart, abort, complete
from storage_sites.s3_naming import Naming
from storage_sites.s3_reading import find, get
from storage_sites.s3_repeating import read_patiently

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CompletedPartTypeDef

_BUFFERED_BYTES: Final = 24 * 1024 * 1024  # of parts that are under way
_NAMED_MISSING: Final = 100


class S3Parts:
    """The parts of one dataset's files in its bucket."""

    def __init__(
        self, connection: S3Connection, staging: StagingRecords, placement: Placement
    ) -> None:
        self._connection = connection
        self._records = staging
        self._placement = placement

    def begin(self) -> Staging:
        """Make room for a file; recorded before it exists."""
        key = new_staging_key(self._placement)
        upload = Multipart(self._connection, self._records, self._placement, key, key)
        upload.begin()
        return Staging(key, upload.multipart_id)

    def find_arrived(self, staging: Staging, plan: PartPlan) -> Arrived | None:
        """Return what is there, or None where the room is gone."""
        try:
            parts = self._list_parts(staging, plan)
        except SiteFailure as problem:
            if problem.failure.kind is not Kind.ABSENT:
                raise
            return self._find_joined(staging, plan)
        full = _without_gap(parts)
        received_bytes = sum(plan.bytes_of(number) for number in range(1, full + 1))
        if full < plan.count:
            tail = find(self._connection, tail_key(staging.key, full + 1))
            received_bytes += tail.size_bytes if tail else 0
        return Arrived(tuple(parts.values()), received_bytes)

    def links(self, staging: Staging, plan: PartPlan, numbers: Sequence[int]) -> Mapping[int, Link]:
        """Return PUT links for parts."""
        signer = Signer(self._connection, self._connection.public_endpoint)
        upload = staging.multipart_id or ""
        return {
            number: signer.link_part(staging.key, upload, number, plan.bytes_of(number))
            for number in numbers
        }

    def append(self, staging: Staging, plan: PartPlan, first: int, chunks: Iterable[bytes]) -> int:
        """Keep bytes that go on at `first`; return how many of the file are there."""
        if plan.part_bytes > MAX_BUFFERED_PART_BYTES:
            raise Invalid("A file of this size cannot be resumed through Labset: send its parts.")
        arrived = self.find_arrived(staging, plan)
        if arrived is None:
            raise NotFound("What had arrived of this file is gone: send it from its begin.")
        if arrived.is_joined:
            raise Conflict("Nothing more can be added to this file: complete it.")
        check_offset(first, arrived.received_bytes)
        sender = _Sender(self._connection, self._records, self._placement, staging, plan, first)
        sender.resume({one.number: one.etag for one in arrived.parts})
        try:
            for chunk in chunks:
                sender.take(chunk)
        finally:
            sender.settle()
        return sender.received_bytes

    def finish(
        self, staging: Staging, plan: PartPlan, expected: Md5, keep_alive: Callable[[], None]
    ) -> StoredObject:
        """Join the parts, read the whole back, give it its name, take the room back."""
        arrived = self.find_arrived(staging, plan)
        if arrived is None:
            raise NotFound("The parts of this file are gone: send it again.")
        if not arrived.is_joined:
            self._join(staging, plan, {one.number: one.etag for one in arrived.parts})
        sources = [(staging.key, plan.size_bytes)]
        with Naming(self._connection, self._records, self._placement, keep_alive) as naming:
            naming.prepare(expected, plan.size_bytes)
            naming.add(sources)
            stored = self._prove(staging, plan, expected, naming)
            naming.give_name(stored, sources)
        self.drop(staging)
        return stored

    def drop(self, staging: Staging) -> None:
        """Take the room back with all that is in it."""
        abort(self._connection, staging.key, staging.multipart_id)
        for key in (*self._tails(staging), staging.key):
            _remove(self._connection, key)
            self._records.forget_staging(self._placement, key)

    def _list_parts(self, staging: Staging, plan: PartPlan) -> dict[int, Part]:
        """Return the parts of the right size by number; of one sent twice, what came last."""
        found: dict[int, Part] = {}
        for page in self._pages(staging):
            for row in page.get("Parts", ()):
                part = Part(row["PartNumber"], row["Size"], row["ETag"])
                if plan.has(part.number) and part.size_bytes == plan.bytes_of(part.number):
                    found[part.number] = part
        return dict(sorted(found.items()))

    def _pages(self, staging: Staging) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of the list of parts; some servers leave fields out where it is empty."""
        marker = 0
        while True:
            with self._connection.call():
                page: Any = self._connection.boto.list_parts(
                    Bucket=self._connection.bucket,
                    Key=staging.key,
                    UploadId=staging.multipart_id or "",
                    PartNumberMarker=marker,
                )
            yield page
            following = int(page.get("NextPartNumberMarker") or 0)
            if not page.get("IsTruncated") or following <= marker:
                return
            marker = following

    def _find_joined(self, staging: Staging, plan: PartPlan) -> Arrived | None:
        found = find(self._connection, staging.key)
        if found is None or found.size_bytes != plan.size_bytes:
            return None
        return Arrived((), plan.size_bytes, is_joined=True)

    def _join(self, staging: Staging, plan: PartPlan, etags: Mapping[int, str]) -> None:
        missing = plan.missing(etags, _NAMED_MISSING)
        if missing:
            raise Incomplete(
                f"Part {missing[0]} of {plan.count} has not arrived.",
                details={"missing_parts": missing},
            )
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())
        ]
        complete(self._connection, staging.key, staging.multipart_id or "", parts)

    def _prove(
        self, staging: Staging, plan: PartPlan, expected: Md5, naming: Naming
    ) -> StoredObject:
        """Read the whole back. What is not what was announced is dropped."""
        intake = Intake(self._read(staging), expected=expected, size_bytes=plan.size_bytes)
        try:
            while not intake.ended:
                intake.take(BLOCK_BYTES)
                naming.go_on()
            return intake.finish()
        except Invalid:
            self.drop(staging)
            raise

    def _read(self, staging: Staging) -> Iterator[bytes]:
        stream = read_patiently(self._connection, staging.key)
        if stream is None:
            raise Unavailable(f"The storage site {self._connection.name} lost what it joined.")
        coming = self._connection.pool.submit(next, stream, None)
        try:
            while (chunk := coming.result()) is not None:
                coming = self._connection.pool.submit(next, stream, None)
                yield chunk
        finally:
            coming.cancel()

    def _tails(self, staging: Staging) -> list[str]:
        with self._connection.call():
            pages = obstore.list(self._connection.quick, tails_prefix(staging.key))
            return [one["path"] for page in pages for one in page]


class _Sender:
    """Cuts what comes into parts and sends them; what is less than a part waits at the site."""

    def __init__(
        self,
        connection: S3Connection,
        records: StagingRecords,
        placement: Placement,
        staging: Staging,
        plan: PartPlan,
        first: int,
    ) -> None:
        self.received_bytes = first
        self._connection = connection
        self._records = records
        self._placement = placement
        self._staging = staging
        self._plan = plan
        self._at_once = max(1, _BUFFERED_BYTES // plan.part_bytes)
        self._upload = Multipart(connection, records, placement, staging.key, staging.key)
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._old_tail: str | None = None

    def resume(self, etags: Mapping[int, str]) -> None:
        """Take up what a former request left: the parts before, and the piece after them."""
        done = self.received_bytes // self._plan.part_bytes
        if self.received_bytes == self._plan.size_bytes:
            done = self._plan.count
        parts = [(number, etags[number]) for number in range(1, done + 1)]
        self._upload.resume(self._staging.multipart_id or "", parts)
        held_bytes = self.received_bytes - sum(self._plan.bytes_of(number) for number, _ in parts)
        if held_bytes:
            self._old_tail = tail_key(self._staging.key, done + 1)
            with self._connection.call():
                result = get(self._connection.quick, self._old_tail)
                tail = bytes(result.bytes()) if result else b""
            if len(tail) != held_bytes:
                raise Unavailable("Another request sends this file as well: ask how far it is.")
            self._waiting, self._waiting_bytes = [tail], held_bytes

    def take(self, chunk: bytes) -> None:
        """Take bytes in. Raises Invalid for more than the file has."""
        room = self._plan.size_bytes - self.received_bytes
        if len(chunk) > room:
            raise Invalid("More bytes came than the file has.", code="wrong_size")
        if not chunk:
            return
        view = memoryview(chunk)
        self.received_bytes += len(view)
        while self._waiting_bytes + len(view) >= self._next_bytes:
            cut = self._next_bytes - self._waiting_bytes
            self._send(view[:cut])
            view = view[cut:]
            if self._upload.parts == self._plan.count:
                return
        if view:
            self._waiting.append(bytes(view))
            self._waiting_bytes += len(view)

    def settle(self) -> None:
        """Wait for the parts and put down what is less than one."""
        self._upload.settle()
        new_tail = None
        if self._waiting_bytes:
            new_tail = tail_key(self._staging.key, self._upload.parts + 1)
            self._records.record_staging(self._placement, new_tail, None)
            data = b"".join(self._waiting)
            with self._connection.call():
                obstore.put(self._connection.quick, new_tail, data, use_multipart=False)
        if self._old_tail not in {None, new_tail}:
            _remove(self._connection, self._old_tail or "")
            self._records.forget_staging(self._placement, self._old_tail or "")

    @property
    def _next_bytes(self) -> int:
        return self._plan.bytes_of(self._upload.parts + 1)

    def _send(self, last: memoryview) -> None:
        data = b"".join(chain(self._waiting, (last,)))
        self._waiting, self._waiting_bytes = [], 0
        self._upload.send(data, at_once=self._at_once)


def _without_gap(parts: Mapping[int, Part]) -> int:
    """Return how many parts there are from the first on without a gap."""
    full = 0
    while full + 1 in parts:
        full += 1
    return full


def _remove(connection: S3Connection, key: str) -> None:
    with connection.call():
        connection.boto.delete_object(Bucket=connection.bucket, Key=key)
