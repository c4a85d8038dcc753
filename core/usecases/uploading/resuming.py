"""One large file by several requests: what has arrived, what goes on from there, when it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.errors import Conflict, Incomplete, Invalid, NotFound
from core.model.access import Actor
from core.model.names import DatasetId, FilePath, UploadId
from core.model.parts import MAX_RESUMABLE_BYTES, StagedFile, plan_parts
from core.model.storage import BLOCK_BYTES, ByteRange, Placement
from core.model.uploads import UploadFile
from core.ports import Platform
from core.usecases.uploading.proving import prove_arrived
from core.usecases.uploading.receiving import find_announced, open_session, receive_file
from core.usecases.uploading.staged import open_staged
from core.usecases.uploading.uploads import find_arrived

_NAMED_PARTS = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is: `state` is `partial`, `verifying` or `present`."""

    file: UploadFile
    state: str
    received_bytes: int


def show_progress(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId, path: FilePath
) -> Progress:
    """Say how much of an announced file has arrived without a gap."""
    _, placement = open_session(platform, actor, dataset_id, upload_id)
    return _progress(platform, placement, upload_id, find_announced(platform, upload_id, path))


def complete_file(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId, path: FilePath
) -> Progress:
    """Prove a file whose parts have all arrived. Said again, it tells how far that is.

    Raises:  Incomplete, naming missing parts; Invalid (`wrong_checksum`): send the file again.
    """
    _, placement = open_session(platform, actor, dataset_id, upload_id)
    file = find_announced(platform, upload_id, path)
    before = _progress(platform, placement, upload_id, file)
    if before.state == "present":
        return before
    if prove_arrived(platform, placement, upload_id, [file]):
        return Progress(file, "verifying", file.size_bytes)
    progress = _progress(platform, placement, upload_id, file)
    if progress.state == "partial":
        raise _incomplete(platform, placement, upload_id, progress)
    return progress


def receive_range(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    upload_id: UploadId,
    path: FilePath,
    chunks: Iterable[bytes],
    byte_range: ByteRange,
    total_bytes: int,
) -> Progress:
    """Keep some bytes of an announced file; the whole is verified once the last has arrived.

    What came of a body that was cut off is kept.
    Raises:  Conflict (`wrong_offset`, details `expected`) for a gap or an overlap; Invalid.
    """
    _, placement = open_session(platform, actor, dataset_id, upload_id)
    file = find_announced(platform, upload_id, path)
    _check_range(file, byte_range, total_bytes)
    if byte_range.length_bytes == file.size_bytes <= BLOCK_BYTES:  # nothing to keep of less
        receive_file(platform, actor, dataset_id, upload_id, path, chunks, None)
        return Progress(file, "present", file.size_bytes)
    staged = _find_staged(platform, upload_id, file)
    if staged is None:
        before = _progress(platform, placement, upload_id, file)
        if before.state != "partial":
            return before
        staged, _ = open_staged(platform, placement, upload_id, file)
    body = _exactly(chunks, byte_range.length_bytes)
    received_bytes = _append(platform, placement, upload_id, staged, file, byte_range.first, body)
    if received_bytes < file.size_bytes:
        return Progress(file, "partial", received_bytes)
    if prove_arrived(platform, placement, upload_id, [file]):
        return Progress(file, "verifying", received_bytes)
    return _progress(platform, placement, upload_id, file)


def _find_staged(platform: Platform, upload_id: UploadId, file: UploadFile) -> StagedFile | None:
    """Return where a file's bytes go that takes more of them."""
    found = next(iter(platform.staged.list_staged(upload_id, [file.path])), None)
    now = platform.clock.now()
    return found if found and not found.problem and not found.is_being_proven(now) else None


def _append(
    platform: Platform,
    placement: Placement,
    upload_id: UploadId,
    staged: StagedFile,
    file: UploadFile,
    first: int,
    chunks: Iterable[bytes],
) -> int:
    plan = plan_parts(file.size_bytes)
    try:
        return platform.parts.append(placement, staged.staging, plan, first, chunks)
    except NotFound as error:  # swept, or removed by somebody with the site's keys
        platform.staged.forget_staged(upload_id, file.path)
        raise Conflict(
            f"What had arrived of {file.path} is gone: send it from its begin.",
            code="wrong_offset",
            details={"expected": 0},
        ) from error


def _progress(
    platform: Platform, placement: Placement, upload_id: UploadId, file: UploadFile
) -> Progress:
    staged = next(iter(platform.staged.list_staged(upload_id, [file.path])), None)
    if staged is not None and staged.is_being_proven(platform.clock.now()):
        return Progress(file, "verifying", file.size_bytes)
    if find_arrived(platform, placement, [file]):
        return Progress(file, "present", file.size_bytes)
    if staged is None or staged.problem is not None:
        return Progress(file, "partial", 0)
    arrived = platform.parts.find_arrived(placement, staged.staging, plan_parts(file.size_bytes))
    return Progress(file, "partial", arrived.received_bytes if arrived else 0)


def _incomplete(
    platform: Platform, placement: Placement, upload_id: UploadId, progress: Progress
) -> Incomplete:
    file = progress.file
    plan = plan_parts(file.size_bytes)
    staged = next(iter(platform.staged.list_staged(upload_id, [file.path])), None)
    arrived = platform.parts.find_arrived(placement, staged.staging, plan) if staged else None
    present = {one.number for one in arrived.parts} if arrived else set()
    return Incomplete(
        f"{file.path} has not arrived whole: {progress.received_bytes} of {file.size_bytes} bytes "
        "are there without a gap.",
        details={
            "missing": [str(file.path)],
            "received": progress.received_bytes,
            "missing_parts": plan.missing(present, _NAMED_PARTS),
        },
    )


def _check_range(file: UploadFile, byte_range: ByteRange, total_bytes: int) -> None:
    if total_bytes != file.size_bytes:
        raise Invalid(
            f"{file.path} was announced with {file.size_bytes} bytes, the range says {total_bytes}.",
            code="wrong_size",
            details={"path": str(file.path)},
        )
    is_whole = byte_range.length_bytes == total_bytes
    if file.git_candidate and not is_whole:
        raise Invalid(
            f"{file.path} is a small text that may lie in git: send it in one request.",
            details={"path": str(file.path)},
        )
    if total_bytes > MAX_RESUMABLE_BYTES:
        raise Invalid(
            f"{file.path} is too large to be resumed through Labset: send it in parts straight to "
            "the site, or in one request.",
            details={"path": str(file.path)},
        )


def _exactly(chunks: Iterable[bytes], length_bytes: int) -> Iterator[bytes]:
    """Pass a body on that must be as long as its range says; what came of a shorter one is kept."""
    left = length_bytes
    for chunk in chunks:
        if len(chunk) > left:
            yield chunk[:left]
            raise Invalid("The body is longer than its Content-Range.", code="wrong_size")
        left -= len(chunk)
        yield chunk
    if left:
        raise Invalid(
            "The body is shorter than its Content-Range: ask how far the file is and go on there.",
            code="body_cut_off",
        )
