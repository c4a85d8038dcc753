"""Upload sessions: begin, look, give up; `receiving` takes their bytes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import Conflict, NotFound
from core.model.access import Actor
from core.model.content import Entry, Text
from core.model.history import check_message
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, UploadId
from core.model.parts import StagedFile
from core.model.storage import Link, Placement
from core.model.uploads import COMMIT_LEASE, LIFETIME, UploadFile, UploadSession, UploadState
from core.ports import Platform
from core.usecases.access.opening import (
    Needs,
    open_dataset,
    open_placement_to_write,
    open_to_write,
    read_placement,
)
from core.usecases.datasets.branches import find_base
from core.usecases.uploading.announce import folders_above, parse_announced, plan_files
from core.usecases.uploading.staged import PartsView, drop_staged, view_parts

MAX_LINKED_BYTES = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class UploadView:
    """A session with its files; `links` lead missing ones straight to the site.

    A missing file without a link goes through Labset. `parts` tells of those that arrive in parts.
    `standing` are the paths at which the base
    revision holds something; None where that was not asked (only `begin_upload` asks).
    """

    session: UploadSession
    files: tuple[UploadFile, ...]
    arrived: frozenset[FilePath]
    links: Mapping[FilePath, Link]
    standing: frozenset[FilePath] | None = None
    parts: Mapping[FilePath, PartsView] = field(default_factory=dict)


def begin_upload(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    branch: Ref | None,
    message: str,
    rows: Sequence[tuple[str, int, str]],
    *,
    multipart: bool = False,
    links_from_bytes: int = 0,
) -> UploadView:
    """Open a session for announced (path, size in bytes, md5); say what is missing on the site.

    `multipart`: with links to the parts of large files, where the site takes them. Files of fewer than
    `links_from_bytes` get none: thousands of links that a batch does not need take seconds to sign.
    """
    dataset = open_to_write(platform, actor, dataset_id)
    placement = open_placement_to_write(platform, actor, dataset)
    announced = parse_announced(rows)
    check_message(message)
    branch = branch or Ref(dataset.default_branch)
    base = find_base(platform, actor, dataset, branch)
    paths = [one.path for one in announced]
    standing = find_standing(platform, dataset_id, base, [*paths, *folders_above(paths)])
    planned = _with_unchanged_texts(platform, dataset_id, plan_files(announced, standing), standing)
    session = replace(
        new_session(platform, actor, dataset_id, branch, message, base, len(planned)),
        multipart=multipart,
    )
    platform.uploads.create_upload(session, planned)
    there = frozenset(path for path, entry in standing.items() if entry is not None)
    view = _view(platform, placement, session, planned, links_from_bytes=links_from_bytes)
    return replace(view, standing=there)


def new_session(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    branch: Ref,
    message: str,
    base: Revision | None,
    files: int,
) -> UploadSession:
    """Return a fresh session of the caller, not yet kept."""
    person = platform.directory.read_person(actor)
    now = platform.clock.now()
    return UploadSession(
        id=UploadId(secrets.token_hex(16)),
        dataset_id=dataset_id,
        owner_id=person.id,
        token=actor.token,
        author_name=person.name,
        author_email=person.email,
        branch=branch,
        message=message,
        base=base,
        state=UploadState.OPEN,
        created_at=now,
        expires_at=now + LIFETIME,
        files=files,
    )


def find_standing(
    platform: Platform,
    dataset_id: DatasetId,
    base: Revision | None,
    paths: Sequence[FilePath],
) -> dict[FilePath, Entry | None]:
    """Return what the base revision holds at each path."""
    if base is None:
        return {}
    find = platform.history.find_entry
    return {path: find(dataset_id, base, path) for path in paths}


def read_upload(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId
) -> UploadSession:
    """Return a session to its owner.

    Raises:  NotFound for everybody else.
    """
    session = platform.uploads.find_upload(dataset_id, upload_id)
    if session is None or session.owner_id != platform.directory.read_person(actor).id:
        raise NotFound("There is no such upload of yours in this dataset.", code="upload_not_found")
    return session


def show_upload(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId
) -> UploadView:
    """Return a session, what has arrived, and fresh links for what has not."""
    return fresh_links(platform, actor, dataset_id, upload_id, None)


def fresh_links(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    upload_id: UploadId,
    paths: Sequence[FilePath] | None,
    parts: Sequence[int] | None = None,
) -> UploadView:
    """Return the asked files (None: all) with fresh links; permission is asked again.

    `parts` are the parts to link; without them the first that are missing.
    """
    dataset = open_to_write(platform, actor, dataset_id)
    session = read_upload(platform, actor, dataset_id, upload_id)
    placement = open_placement_to_write(platform, actor, dataset)
    files = {file.path: file for file in platform.uploads.list_upload_files(upload_id)}
    unknown = [str(path) for path in paths or () if path not in files]
    if unknown:
        raise NotFound(
            f"{unknown[0]} was not announced in this upload.",
            code="not_announced",
            details={"paths": unknown},
        )
    chosen = [files[path] for path in paths] if paths is not None else list(files.values())
    staged = platform.staged.list_staged(upload_id) if session.is_receiving else ()
    return _view(platform, placement, session, tuple(chosen), staged, parts)


def give_up_upload(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId
) -> None:
    """End a session without a commit; stored bytes stay until garbage collection."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.WRITE)
    session = read_upload(platform, actor, dataset_id, upload_id)
    now = platform.clock.now()
    session.check_receives(now)
    if platform.uploads.begin_commit(upload_id, now, now + COMMIT_LEASE) is None:
        raise Conflict("This upload is being committed: it is too late to give it up.")
    platform.uploads.end_upload(upload_id, UploadState.FAILED, reason="given up by its owner")
    drop_staged(platform, read_placement(platform, dataset), upload_id)


def _with_unchanged_texts(
    platform: Platform,
    dataset_id: DatasetId,
    planned: Sequence[UploadFile],
    standing: Mapping[FilePath, Entry | None],
) -> tuple[UploadFile, ...]:
    def is_same(file: UploadFile) -> bool:
        entry = standing.get(file.path)
        text = entry.content if entry else None
        if not isinstance(text, Text) or text.size_bytes != file.size_bytes:
            return False
        data = platform.history.read_text(dataset_id, text)
        return hashlib.md5(data, usedforsecurity=False).hexdigest() == file.md5.hex

    return tuple(
        replace(file, unchanged=True) if file.git_candidate and is_same(file) else file
        for file in planned
    )


def _view(
    platform: Platform,
    placement: Placement,
    session: UploadSession,
    files: tuple[UploadFile, ...],
    staged: Sequence[StagedFile] = (),
    numbers: Sequence[int] | None = None,
    links_from_bytes: int = 0,
) -> UploadView:
    is_done = session.state is UploadState.COMMITTED
    paths = frozenset(file.path for file in files)
    arrived = paths if is_done else find_arrived(platform, placement, files)
    wanted: dict[Md5, list[FilePath]] = {}
    for file in files:
        is_wanted = file.path not in arrived and file.size_bytes >= links_from_bytes
        if is_wanted and _may_be_linked(file):
            wanted.setdefault(file.md5, []).append(file.path)
    may_send = session.is_receiving and bool(wanted)
    links = platform.objects.links_put(placement, list(wanted)) if may_send else None
    by_path = {path: link for md5, link in (links or {}).items() for path in wanted[md5]}
    missing = [file for file in files if file.path not in arrived] if session.is_receiving else []
    parts = view_parts(platform, placement, session, missing, staged=staged, numbers=numbers)
    return UploadView(session, files, arrived, by_path, parts=parts)


def _may_be_linked(file: UploadFile) -> bool:
    return not file.git_candidate and 0 < file.size_bytes <= MAX_LINKED_BYTES


def find_arrived(
    platform: Platform, placement: Placement, files: Sequence[UploadFile]
) -> frozenset[FilePath]:
    """Return the paths that need no more bytes, as the site itself says.

    Texts of git wait in the ledger; a candidate that turned out not to be text lies on the site. What
    the base revision points to is looked for as well: bytes that were damaged or lost are sent again.
    """
    in_git = {file.path for file in files if _lies_in_git(file)}
    on_site = [file for file in files if file.path not in in_git]
    asked = [file for file in on_site if file.received or not file.git_candidate]
    missing = (
        platform.objects.missing(placement, [(file.md5, file.size_bytes) for file in asked])
        if asked
        else set()
    )
    return frozenset(in_git | {file.path for file in asked if file.md5 not in missing})


def _lies_in_git(file: UploadFile) -> bool:
    return file.text is not None or (file.unchanged and file.git_candidate)
