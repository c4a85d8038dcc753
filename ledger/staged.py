"""Files of upload sessions that lie in parts at their site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from core.model.names import FilePath, UploadId
from core.model.parts import StagedFile, Staging
from ledger.database import AnyRow, Database
from ledger.tables import staged_files as staged

_IS_ONE = staged.c.upload_id == bindparam("upload"), staged.c.path == bindparam("name")
_FIND = select(staged).where(*_IS_ONE)
_LIST = select(staged).where(staged.c.upload_id == bindparam("upload")).order_by(staged.c.path)
_BEGIN = (
    update(staged)
    .where(
        *_IS_ONE,
        staged.c.problem.is_(None),
        or_(staged.c.proving_until.is_(None), staged.c.proving_until <= bindparam("now")),
    )
    .values(proving_until=bindparam("until"))
)
_KEEP = (
    update(staged)
    .where(*_IS_ONE, staged.c.proving_until.is_not(None))
    .values(proving_until=bindparam("until"))
)
_END = (
    update(staged)
    .where(*_IS_ONE)
    .values(proving_until=None, problem_code=bindparam("code"), problem=bindparam("sentence"))
)
_FORGET = delete(staged).where(*_IS_ONE)
_FEW = 50  # so many are asked for one by one


class SqlStagedRecords:
    """`StagedRecords` in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.upsert(staged)
        self._save = insert.on_conflict_do_update(
            index_elements=["upload_id", "path"],
            set_={
                "key": insert.excluded.key,
                "multipart_id": insert.excluded.multipart_id,
                "proving_until": None,
                "problem_code": None,
                "problem": None,
            },
            where=staged.c.problem.is_not(None),
        )

    def record_staged(self, upload_id: UploadId, path: FilePath, staging: Staging) -> Staging:
        """Note where a file's parts go; returns the place that somebody noted before, if any did."""
        one = _named(upload_id, path)
        row = {
            "upload_id": upload_id.hex,
            "path": path.text,
            "key": staging.key,
            "multipart_id": staging.multipart_id,
        }
        with self._database.writing() as connection:
            connection.execute(self._save, row)
            return _file_of(connection.execute(_FIND, one).one()).staging

    def list_staged(
        self, upload_id: UploadId, paths: Sequence[FilePath] | None = None
    ) -> Sequence[StagedFile]:
        """Return those of some paths, or of the whole session, by path."""
        with self._database.reading() as connection:
            if paths is not None and len(paths) <= _FEW:
                found = (connection.execute(_FIND, _named(upload_id, one)).first() for one in paths)
                return [_file_of(row) for row in found if row is not None]
            rows = connection.execute(_LIST, {"upload": upload_id.hex}).all()
        wanted = None if paths is None else {path.text for path in paths}
        return [_file_of(row) for row in rows if wanted is None or row.path in wanted]

    def begin_proving(
        self, upload_id: UploadId, path: FilePath, now: datetime, until: datetime
    ) -> bool:
        """Lease the reading back of a file to the caller; False where somebody is at it."""
        values = {**_named(upload_id, path), "now": now, "until": until}
        with self._database.writing() as connection:
            return connection.execute(_BEGIN, values).rowcount == 1

    def keep_proving(self, upload_id: UploadId, path: FilePath, until: datetime) -> None:
        """Keep the lease alive."""
        with self._database.writing() as connection:
            connection.execute(_KEEP, {**_named(upload_id, path), "until": until})

    def end_proving(
        self, upload_id: UploadId, path: FilePath, problem: tuple[str, str] | None = None
    ) -> None:
        """Drop the lease; `problem` (code, sentence) says that the bytes were refused."""
        code, sentence = problem or (None, None)
        values = {**_named(upload_id, path), "code": code, "sentence": sentence}
        with self._database.writing() as connection:
            connection.execute(_END, values)

    def forget_staged(self, upload_id: UploadId, path: FilePath) -> None:
        """Note that nothing of the file lies in parts any more."""
        with self._database.writing() as connection:
            connection.execute(_FORGET, _named(upload_id, path))


def _named(upload_id: UploadId, path: FilePath) -> dict[str, object]:
    return {"upload": upload_id.hex, "name": path.text}


def _file_of(row: AnyRow) -> StagedFile:
    return StagedFile(
        path=FilePath(row.path),
        staging=Staging(row.key, row.multipart_id),
        proving_until=row.proving_until,
        problem=row.problem,
        problem_code=row.problem_code,
    )
