"""Turn a session whose bytes have arrived into one commit, once."""

from __future__ import annotations

from datetime import timedelta

from core.errors import Conflict, Forbidden, Incomplete, LabsetError, Unauthenticated, Unavailable
from core.model.access import Actor
from core.model.content import Pointer
from core.model.history import Change, CommitOrder, Committed
from core.model.names import DatasetId, UploadId
from core.model.storage import Placement
from core.model.uploads import COMMIT_LEASE, UploadFile, UploadSession, UploadState
from core.ports import Platform
from core.usecases.access.opening import open_placement_to_write, open_to_write
from core.usecases.uploading.proving import check_proven
from core.usecases.uploading.staged import drop_staged
from core.usecases.uploading.uploads import find_arrived, read_upload

_WAIT = timedelta(seconds=20)
_POLL_SECONDS = 0.1
_NAMED_MISSING = 100


def commit_upload(
    platform: Platform, actor: Actor, dataset_id: DatasetId, upload_id: UploadId
) -> Committed:
    """Commit a session. Said twice, it answers the same revision.

    Raises:  Incomplete, naming what has not arrived; Conflict, naming path and winning commit, or
             `upload_failed` with the reason; Unavailable, while the outcome is not known; as
             `check_proven` says, where large files came in parts.
    """
    dataset = open_to_write(platform, actor, dataset_id)
    session = read_upload(platform, actor, dataset_id, upload_id)
    if session.revision is not None:
        return Committed(session.revision)
    placement = open_placement_to_write(platform, actor, dataset)
    now = platform.clock.now()
    if session.state in {UploadState.OPEN, UploadState.RECEIVING}:
        session.check_receives(now)
        check_proven(platform, placement, upload_id)
        now = platform.clock.now()
    claimed = platform.uploads.begin_commit(upload_id, now, now + COMMIT_LEASE)
    if claimed is None:
        return _wait_for_outcome(platform, dataset_id, upload_id)
    files = list(platform.uploads.list_upload_files(upload_id))
    try:
        check_complete(platform, placement, files)
    except LabsetError:
        platform.uploads.end_upload(upload_id, UploadState.RECEIVING)
        raise
    committed = settle(platform, actor, claimed, files)
    drop_staged(platform, placement, upload_id)
    return committed


def check_complete(platform: Platform, placement: Placement, files: list[UploadFile]) -> None:
    """Refuse a commit that would name bytes which are not there.

    Raises:  Incomplete.
    """
    arrived = find_arrived(platform, placement, files)
    missing = [str(file.path) for file in files if file.path not in arrived]
    if missing:
        raise Incomplete(
            f"{len(missing)} of {len(files)} files have not arrived, the first is {missing[0]}.",
            details={"missing": missing[:_NAMED_MISSING], "count": len(missing)},
        )


def settle(
    platform: Platform, actor: Actor, session: UploadSession, files: list[UploadFile]
) -> Committed:
    """Push the commit of a claimed session and record how it ended.

    An outcome that is not known leaves the session `committing` without a lease: the order's key
    lets whoever comes next find the commit, or make it.
    """
    try:
        committed = platform.history.commit(actor, session.dataset_id, order_of(session, files))
    except Unavailable:
        platform.uploads.release_commit(session.id)
        raise
    except Unauthenticated as error:
        platform.uploads.end_upload(session.id, UploadState.UNKNOWN, reason=error.message)
        raise
    except LabsetError as error:
        platform.uploads.end_upload(session.id, UploadState.FAILED, reason=error.message)
        if isinstance(error, Forbidden):
            raise with_granters(platform, actor, session.dataset_id, error) from error
        raise
    platform.uploads.end_upload(session.id, UploadState.COMMITTED, revision=committed.revision)
    return committed


def with_granters(
    platform: Platform, actor: Actor, dataset_id: DatasetId, error: Forbidden
) -> Forbidden:
    """Return a refusal of GitLab's with those who could do it, or allow it, named."""
    if error.ask:
        return error
    ask = platform.directory.list_granters(actor, dataset_id)
    return Forbidden(error.why, ask=ask, code=error.code)


def order_of(session: UploadSession, files: list[UploadFile]) -> CommitOrder:
    """Return the one commit that a session asks for."""
    return CommitOrder(
        key=str(session.id),
        branch=session.branch,
        message=session.message,
        changes=tuple(Change(file.path, _content(file)) for file in files if not file.unchanged),
        base=session.base,
        author_name=session.author_name,
        author_email=session.author_email,
    )


def _content(file: UploadFile) -> Pointer | bytes:
    return file.text if file.text is not None else Pointer(file.md5, file.size_bytes)


def _wait_for_outcome(platform: Platform, dataset_id: DatasetId, upload_id: UploadId) -> Committed:
    deadline = platform.clock.now() + _WAIT
    while platform.clock.now() < deadline:
        session = platform.uploads.find_upload(dataset_id, upload_id)
        if session is None or session.state is not UploadState.COMMITTING:
            return _outcome(session)
        platform.clock.sleep(_POLL_SECONDS)
    raise Unavailable("The commit of this upload is still under way: ask again in a moment.")


def _outcome(session: UploadSession | None) -> Committed:
    if session is not None and session.revision is not None:
        return Committed(session.revision)
    reason = session.reason if session and session.reason else "it has ended"
    state = session.state.value if session else "gone"
    raise Conflict(
        f"This upload is {state} and cannot be committed: {reason}",
        code="upload_failed",
        details={"state": state, "reason": reason},
    )
