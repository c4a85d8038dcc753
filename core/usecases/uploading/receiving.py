"""Take the bytes of an upload session that come through Labset: one file, or a batch of small ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from core.errors import Invalid, LabsetError, NotFound
from core.model.access import Actor
from core.model.content import MAX_TEXT_BYTES, belongs_in_git
from core.model.names import DatasetId, FilePath, UploadId
from core.model.storage import BatchItem, Placement
from core.model.uploads import UploadFile, UploadSession
from core.ports import BatchResult, Platform
from core.usecases.access.opening import Needs, open_dataset, open_placement_to_write
from core.usecases.uploading.uploads import read_upload

MAX_BATCH_FILE_BYTES = 8 * 1024 * 1024
_MARK_EVERY = 200


def receive_file(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    upload_id: UploadId,
    path: FilePath,
    chunks: Iterable[bytes],
    size_bytes: int | None,
) -> UploadFile:
    """Store the bytes of one announced file that come through Labset.

    Raises:  Invalid (`wrong_checksum`, `wrong_size`), Conflict, if the session takes no more.
    """
    session, placement = open_session(platform, actor, dataset_id, upload_id)
    file = find_announced(platform, upload_id, path)
    if size_bytes is not None and size_bytes != file.size_bytes:
        raise Invalid(
            f"{path} was announced with {file.size_bytes} bytes and comes with {size_bytes}.",
            code="wrong_size",
            details={"path": str(path)},
        )
    received = _store(platform, placement, file, chunks)
    platform.uploads.mark_received(session.id, [received])
    return received


def receive_batch(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    upload_id: UploadId,
    members: Iterable[tuple[str, bytes]],
) -> list[BatchResult]:
    """Store many small files that come as (path, bytes); one bad file does not stop the others."""
    session, placement = open_session(platform, actor, dataset_id, upload_id)
    files = {file.path: file for file in platform.uploads.list_upload_files(upload_id)}
    batch = _Batch(files)
    results: list[BatchResult] = []
    for result in platform.objects.put_many(placement, batch.items(members)):
        results.append(result)
        if result.problem is None:
            batch.received.append(replace(files[result.path], received=True))
        if len(batch.received) >= _MARK_EVERY:
            platform.uploads.mark_received(session.id, batch.take_received())
    if batch.received:
        platform.uploads.mark_received(session.id, batch.take_received())
    return [*batch.results, *results]


class _Batch:
    """Sorts the members of a batch: texts are kept, the rest goes on to the site."""

    def __init__(self, files: Mapping[FilePath, UploadFile]) -> None:
        self._by_name = {path.text: file for path, file in files.items()}
        self._seen: set[str] = set()
        self.received: list[UploadFile] = []
        self.results: list[BatchResult] = []

    def take_received(self) -> list[UploadFile]:
        """Hand over what was received since the last call."""
        taken, self.received = self.received, []
        return taken

    def items(self, members: Iterable[tuple[str, bytes]]) -> Iterator[BatchItem]:
        """Yield what the site has to store."""
        for name, data in members:
            if name in self._seen:
                raise Invalid(f"{name} comes twice in this batch.", details={"path": name})
            self._seen.add(name)
            try:
                file = self._check(name, data)
            except LabsetError as error:
                self._refuse(name, error)
                continue
            if file.git_candidate and belongs_in_git(file.path, data):
                self.received.append(replace(file, received=True, text=data))
                self.results.append(BatchResult(file.path, None))
            else:
                yield BatchItem(file.path, file.md5, data)

    def _check(self, name: str, data: bytes) -> UploadFile:
        file = self._by_name.get(name)
        if file is None:
            raise NotFound(f"{FilePath(name)} was not announced in this upload.")
        if file.git_candidate:
            check_bytes(file, data)
        else:
            check_size(file, data)  # the site's adapter compares the md5 as it stores them
        return file

    def _refuse(self, name: str, error: LabsetError) -> None:
        known = self._by_name.get(name)
        if known is None:
            raise error
        self.results.append(BatchResult(known.path, None, error.message))


def check_size(file: UploadFile, data: bytes) -> None:
    """Refuse another number of bytes than was announced."""
    if len(data) != file.size_bytes:
        raise Invalid(
            f"{file.path} was announced with {file.size_bytes} bytes, {len(data)} came.",
            code="wrong_size",
            details={"path": str(file.path)},
        )


def check_bytes(file: UploadFile, data: bytes) -> None:
    """Refuse bytes that are not what was announced."""
    check_size(file, data)
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != file.md5.hex:
        raise Invalid(
            f"The bytes of {file.path} do not have the announced md5: send them again.",
            code="wrong_checksum",
            details={"path": str(file.path)},
        )


def _store(
    platform: Platform, placement: Placement, file: UploadFile, chunks: Iterable[bytes]
) -> UploadFile:
    if file.git_candidate:
        data = read_at_most(chunks, file.size_bytes)
        check_bytes(file, data)
        if belongs_in_git(file.path, data):
            return replace(file, received=True, text=data)
        chunks = (data,)
    platform.objects.put(placement, chunks, expected=file.md5, size_bytes=file.size_bytes)
    return replace(file, received=True)


def read_at_most(chunks: Iterable[bytes], limit_bytes: int) -> bytes:
    """Join chunks, one byte beyond the limit at most."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > limit_bytes:
            break
    return bytes(data[: max(limit_bytes, MAX_TEXT_BYTES) + 1])


def find_announced(platform: Platform, upload_id: UploadId, path: FilePath) -> UploadFile:
    """Return a file of a session. Raises NotFound (`not_announced`)."""
    file = platform.uploads.find_upload_file(upload_id, path)
    if file is None:
        raise NotFound(f"{path} was not announced in this upload.", code="not_announced")
    return file


def open_session(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId
) -> tuple[UploadSession, Placement]:
    """Return a session that takes bytes to its owner, and where they go."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.WRITE)
    placement = open_placement_to_write(platform, actor, dataset, fresh=False)
    session = read_upload(platform, actor, dataset_id, upload_id)
    session.check_receives(platform.clock.now())
    return session, placement
