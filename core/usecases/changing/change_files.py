"""Put files: each call is one commit or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from core.errors import Conflict, Invalid, TooLarge
from core.model.access import Actor
from core.model.content import MAX_TEXT_BYTES, TEXT_SUFFIXES, Entry, Pointer, belongs_in_git
from core.model.dataset import Dataset
from core.model.history import Committed, check_message
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, collisions
from core.model.storage import Placement
from core.model.uploads import (
    COMMIT_LEASE,
    MAX_SESSION_TEXT_BYTES,
    UploadFile,
    UploadState,
)
from core.ports import Platform
from core.usecases.access.opening import open_placement_to_write, open_to_write
from core.usecases.datasets.branches import find_base
from core.usecases.uploading.announce import standing_problem
from core.usecases.uploading.committing import settle
from core.usecases.uploading.uploads import find_standing, new_session


@dataclass(frozen=True, slots=True)
class Arriving:
    """One file on its way in; `size_bytes` is what the client announced, or None."""

    path: FilePath
    chunks: Iterable[bytes]
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class PutResult:
    """What one call put: the commit and the files as they were stored."""

    committed: Committed
    files: tuple[UploadFile, ...]


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """A place that the caller may write to, and the tip that was seen when the call began."""

    dataset: Dataset
    placement: Placement
    branch: Ref
    base: Revision | None


def open_target(
    platform: Platform, actor: Actor, dataset_id: DatasetId, branch: Ref | None
) -> WriteTarget:
    """Ask for both keys and for the tip, now."""
    dataset = open_to_write(platform, actor, dataset_id)
    placement = open_placement_to_write(platform, actor, dataset)
    branch = branch or Ref(dataset.default_branch)
    return WriteTarget(dataset, placement, branch, find_base(platform, actor, dataset, branch))


def put_files(
    platform: Platform,
    actor: Actor,
    target: WriteTarget,
    message: str,
    arriving: Iterable[Arriving],
) -> PutResult:
    """Store streams one after another, then commit them together.

    Raises:  Invalid (bad bytes, same path twice, nothing sent), Conflict (a folder stands there,
             somebody changed a path meanwhile).
    """
    check_message(message)
    named = tuple(arriving)
    _check_together([str(one.path) for one in named])
    files = _receive_all(platform, target, named)
    session = replace(
        new_session(
            platform, actor, target.dataset.id, target.branch, message, target.base, len(files)
        ),
        state=UploadState.RECEIVING,
    )
    platform.uploads.create_upload(session, files)
    now = platform.clock.now()
    claimed = platform.uploads.begin_commit(session.id, now, now + COMMIT_LEASE)
    if claimed is None:
        raise Conflict("This upload was taken over by another process: look at the history.")
    return PutResult(settle(platform, actor, claimed, list(files)), files)


def _receive_all(
    platform: Platform, target: WriteTarget, arriving: Iterable[Arriving]
) -> tuple[UploadFile, ...]:
    files: list[UploadFile] = []
    text_bytes = 0
    for one in arriving:
        files.append(_receive(platform, target, one))
        text_bytes += len(files[-1].text or b"")
        if text_bytes > MAX_SESSION_TEXT_BYTES:
            raise TooLarge(
                f"One commit takes at most {MAX_SESSION_TEXT_BYTES:,} bytes of small texts: "
                "send them in several."
            )
    return tuple(files)


def _receive(platform: Platform, target: WriteTarget, one: Arriving) -> UploadFile:
    entry = find_standing(platform, target.dataset.id, target.base, [one.path]).get(one.path)
    problem = standing_problem(one.path, entry)
    if problem:
        raise Conflict(f"{one.path} {problem}.", code="path_taken")
    stream = iter(one.chunks)
    if _may_be_text(one, entry):
        head = _read_head(stream)
        if belongs_in_git(one.path, head):
            _check_size(one, len(head))
            md5 = Md5(hashlib.md5(head, usedforsecurity=False).hexdigest())
            return UploadFile(one.path, len(head), md5, received=True, text=head)
        stream = chain((head,), stream)
    stored = platform.objects.put(target.placement, stream, size_bytes=one.size_bytes)
    return UploadFile(one.path, stored.size_bytes, stored.md5, received=True)


def _may_be_text(one: Arriving, entry: Entry | None) -> bool:
    is_pointer = entry is not None and isinstance(entry.content, Pointer)
    small = one.size_bytes is None or one.size_bytes <= MAX_TEXT_BYTES
    return small and one.path.suffix in TEXT_SUFFIXES and not is_pointer


def _read_head(stream: Iterator[bytes]) -> bytes:
    head = bytearray()
    for chunk in stream:
        head += chunk
        if len(head) > MAX_TEXT_BYTES:
            break
    return bytes(head)


def _check_size(one: Arriving, size_bytes: int) -> None:
    if one.size_bytes is not None and one.size_bytes != size_bytes:
        raise Invalid(
            f"{one.path} was announced with {one.size_bytes} bytes, {size_bytes} came: send it again.",
            code="wrong_size",
            details={"path": str(one.path)},
        )


def _check_together(paths: Sequence[str]) -> None:
    if not paths:
        raise Invalid("Send at least one file: no bytes came.", code="nothing_sent")
    if len(set(paths)) != len(paths):
        raise Invalid("The same path came twice in one request.", code="invalid_path")
    clash = next(iter(collisions(paths)), None)
    if clash:
        raise Invalid(
            f"{clash[0]} and {clash[1]} collide: no folder on every system can hold both.",
            code="invalid_path",
        )
