"""Upload sessions and their files: one state machine, every step one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, null, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Invalid, NotFound
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision, UploadId
from core.model.uploads import UploadFile, UploadSession, UploadState
from ledger.database import AnyRow, Database
from ledger.gathering import Gathering
from ledger.tables import upload_files, uploads
from ledger.vault import Vault

_Mark = tuple[str, list[dict[str, Any]]]  # an upload's id, and what to note of its files

_RECEIVES = (UploadState.OPEN.value, UploadState.RECEIVING.value)
_ENDED = (UploadState.COMMITTED.value, UploadState.FAILED.value)
_SETTLES = frozenset(UploadState) - {UploadState.OPEN, UploadState.COMMITTING}

_IS_ONE = uploads.c.id == bindparam("upload")
_IS_COMMITTING = uploads.c.state == UploadState.COMMITTING.value
_LEASE_IS_DEAD = or_(uploads.c.lease_until.is_(None), uploads.c.lease_until <= bindparam("now"))
_FIND = select(uploads).where(_IS_ONE, uploads.c.dataset_id == bindparam("dataset"))
_WITHOUT_TEXT = select(
    *(column for column in upload_files.c if column.name != "text"), null().label("text")
)
_FIND_FILE = _WITHOUT_TEXT.where(
    upload_files.c.upload_id == bindparam("upload"), upload_files.c.path == bindparam("name")
)
_LIST_FILES = select(upload_files).where(upload_files.c.upload_id == bindparam("upload"))
_RECEIVE_FIRST = (
    update(uploads)
    .where(_IS_ONE, uploads.c.state == UploadState.OPEN.value)
    .values(state=UploadState.RECEIVING.value)
)
# Many may receive at once; whoever begins the commit waits for them, and they for that.
_READ_STATE = select(uploads.c.state).where(_IS_ONE).with_for_update(read=True)
_MARK = (
    update(upload_files)
    .where(
        upload_files.c.upload_id == bindparam("upload"), upload_files.c.path == bindparam("name")
    )
    .values(received=true(), text=bindparam("data"))
)
_BEGIN_COMMIT = (
    update(uploads)
    .where(
        _IS_ONE,
        or_(
            uploads.c.state.in_((*_RECEIVES, UploadState.UNKNOWN.value)),
            and_(_IS_COMMITTING, _LEASE_IS_DEAD),
        ),
    )
    .values(state=UploadState.COMMITTING.value, lease_until=bindparam("until"))
    .returning(uploads)
)
_SETTLE = (
    update(uploads)
    .where(_IS_ONE, uploads.c.state.not_in(_ENDED))
    .values(
        state=bindparam("next_state"),
        reason=bindparam("why"),
        revision=bindparam("commit"),
        lease_until=None,
    )
)
_END = _SETTLE.values(token=None)
_DROP_TEXTS = (
    update(upload_files)
    .where(upload_files.c.upload_id == bindparam("upload"), upload_files.c.text.is_not(None))
    .values(text=None)
)
_READ_OUTCOME = select(uploads.c.state, uploads.c.revision).where(_IS_ONE)
_RELEASE = update(uploads).where(_IS_ONE, _IS_COMMITTING).values(lease_until=None)
_LIST_STALE = (
    select(uploads.c.dataset_id, uploads.c.id)
    .where(
        or_(
            and_(_IS_COMMITTING, _LEASE_IS_DEAD),
            and_(uploads.c.state.in_(_RECEIVES), uploads.c.expires_at <= bindparam("now")),
        )
    )
    .order_by(uploads.c.created_at)
)


class SqlUploadRecords:
    """`UploadRecords` in the database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._marks: Gathering[_Mark] = Gathering(self._mark_all)

    def create_upload(self, session: UploadSession, files: Sequence[UploadFile]) -> None:
        """Keep a new session.

        Raises:  Conflict, if there is one of that id.
        """
        rows = [_row_of_file(session.id, file) for file in files]
        try:
            with self._database.writing() as connection:
                connection.execute(insert(uploads), self._row_of(session))
                if rows:
                    connection.execute(insert(upload_files), rows)
        except IntegrityError as error:
            raise Conflict("There is an upload of that id, or a path is named twice.") from error

    def find_upload(self, dataset_id: DatasetId, upload_id: UploadId) -> UploadSession | None:
        """Return a session of that dataset."""
        wanted = {"upload": upload_id.hex, "dataset": dataset_id.number}
        with self._database.reading() as connection:
            row = connection.execute(_FIND, wanted).first()
        return None if row is None else self._session_of(row)

    def find_upload_file(self, upload_id: UploadId, path: FilePath) -> UploadFile | None:
        """Return one announced file (without its text)."""
        with self._database.reading() as connection:
            row = connection.execute(
                _FIND_FILE, {"upload": upload_id.hex, "name": path.text}
            ).first()
        return None if row is None else _file_of(row)

    def list_upload_files(self, upload_id: UploadId) -> Sequence[UploadFile]:
        """Return all files by path, texts included."""
        with self._database.reading() as connection:
            rows = connection.execute(_LIST_FILES, {"upload": upload_id.hex}).all()
        return sorted((_file_of(row) for row in rows), key=lambda file: file.path.text)

    def mark_received(self, upload_id: UploadId, files: Sequence[UploadFile]) -> None:
        """Note files whose bytes are stored (with text, where it belongs in git).

        Raises:  Conflict (`upload_closed`), if the session no longer receives; NotFound
                 (`not_announced`), if a file is not of this session. Nothing is noted then.
        """
        rows = [
            {"upload": upload_id.hex, "name": file.path.text, "data": file.text} for file in files
        ]
        self._marks.submit((upload_id.hex, rows))

    def begin_commit(
        self, upload_id: UploadId, now: datetime, lease_until: datetime
    ) -> UploadSession | None:
        """Move a session to `committing` and lease it to the caller, or return None.

        An `unknown` one may begin again as well: its owner is back.
        """
        wanted = {"upload": upload_id.hex, "now": now, "until": lease_until}
        with self._database.writing() as connection:
            row = connection.execute(_BEGIN_COMMIT, wanted).first()
        return None if row is None else self._session_of(row)

    def end_upload(
        self,
        upload_id: UploadId,
        state: UploadState,
        *,
        revision: Revision | None = None,
        reason: str | None = None,
    ) -> None:
        """Record the outcome; `committed` and `failed` are final and drop token and texts.

        Raises:  Conflict (`upload_ended`), if it ended otherwise before; NotFound; Invalid, for
                 states that are no outcome.
        """
        if state not in _SETTLES:
            raise Invalid(f"An upload cannot end as {state.value}.")
        commit = None if revision is None else revision.sha
        values = {"upload": upload_id.hex, "next_state": state.value, "why": reason}
        has_ended = state.value in _ENDED
        with self._database.writing() as connection:
            statement = _END if has_ended else _SETTLE
            if connection.execute(statement, {**values, "commit": commit}).rowcount == 0:
                _check_same_outcome(connection, upload_id, state, commit)
            elif has_ended:
                connection.execute(_DROP_TEXTS, {"upload": upload_id.hex})

    def release_commit(self, upload_id: UploadId) -> None:
        """Drop the lease of a commit whose outcome is not known: whoever comes next settles it."""
        with self._database.writing() as connection:
            connection.execute(_RELEASE, {"upload": upload_id.hex})

    def list_stale_uploads(self, now: datetime) -> Sequence[tuple[DatasetId, UploadId]]:
        """Return `committing` sessions with a dead lease, and open ones that have expired."""
        with self._database.reading() as connection:
            rows = connection.execute(_LIST_STALE, {"now": now}).all()
        return [(DatasetId(row.dataset_id), UploadId(row.id)) for row in rows]

    def _mark_all(self, marks: Sequence[_Mark]) -> None:
        # In one order, or two processes could wait for each other.
        rows = sorted(chain.from_iterable(rows for _, rows in marks), key=_place)
        with self._database.writing() as connection:
            for upload_id in sorted({upload_id for upload_id, _ in marks}):
                _check_receives(connection, upload_id)
            if rows and connection.execute(_MARK, rows).rowcount != len(rows):
                raise NotFound("A file was not announced in this upload.", code="not_announced")

    def _row_of(self, session: UploadSession) -> dict[str, Any]:
        return {
            "id": session.id.hex,
            "dataset_id": session.dataset_id.number,
            "owner_id": session.owner_id,
            "token": self._vault.seal_optional(session.token, token_context(session.id.hex)),
            "author_name": session.author_name,
            "author_email": session.author_email,
            "branch": session.branch.name,
            "message": session.message,
            "base": None if session.base is None else session.base.sha,
            "state": session.state.value,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
            "files": session.files,
            "reason": session.reason,
            "revision": None if session.revision is None else session.revision.sha,
            "lease_until": session.lease_until,
            "multipart": session.multipart,
        }

    def _session_of(self, row: AnyRow) -> UploadSession:
        return UploadSession(
            id=UploadId(row.id),
            dataset_id=DatasetId(row.dataset_id),
            owner_id=row.owner_id,
            token=self._vault.open_optional(row.token, token_context(row.id)),
            author_name=row.author_name,
            author_email=row.author_email,
            branch=Ref(row.branch),
            message=row.message,
            base=None if row.base is None else Revision(row.base),
            state=UploadState(row.state),
            created_at=row.created_at,
            expires_at=row.expires_at,
            files=row.files,
            reason=row.reason,
            revision=None if row.revision is None else Revision(row.revision),
            lease_until=row.lease_until,
            multipart=row.multipart,
        )


def token_context(upload_id: str) -> str:
    """Name the place where a session's token is sealed."""
    return f"uploads.token:{upload_id}"


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row["upload"], row["name"]


def _check_receives(connection: Connection, upload_id: str) -> None:
    connection.execute(_RECEIVE_FIRST, {"upload": upload_id})
    state = connection.execute(_READ_STATE, {"upload": upload_id}).scalar_one_or_none()
    if state is None:
        raise _unknown_upload()
    if state != UploadState.RECEIVING.value:
        raise Conflict(
            f"This upload is {state} and takes no more files; begin a new one.",
            code="upload_closed",
        )


def _check_same_outcome(
    connection: Connection, upload_id: UploadId, state: UploadState, commit: str | None
) -> None:
    row = connection.execute(_READ_OUTCOME, {"upload": upload_id.hex}).first()
    if row is None:
        raise _unknown_upload()
    if (row.state, row.revision) != (state.value, commit):
        raise Conflict(
            f"This upload has ended as {row.state} already.",
            code="upload_ended",
            details={"state": row.state, "commit": row.revision},
        )


def _unknown_upload() -> NotFound:
    return NotFound("There is no such upload.", code="upload_not_found")


def _row_of_file(upload_id: UploadId, file: UploadFile) -> dict[str, Any]:
    return {
        "upload_id": upload_id.hex,
        "path": file.path.text,
        "size_bytes": file.size_bytes,
        "md5": str(file.md5),
        "git_candidate": file.git_candidate,
        "received": file.received,
        "unchanged": file.unchanged,
        "text": file.text,
    }


def _file_of(row: AnyRow) -> UploadFile:
    return UploadFile(
        path=FilePath(row.path),
        size_bytes=row.size_bytes,
        md5=Md5.parse(row.md5),
        git_candidate=row.git_candidate,
        received=row.received,
        text=row.text,
        unchanged=row.unchanged,
    )
