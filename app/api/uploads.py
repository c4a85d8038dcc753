"""Upload sessions: many files on their way to one commit."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.api import shapes
from app.api.arguments import body_chunks, body_size, json_body, upload_id
from app.api.content_range import content_range
from app.api.tar_stream import read_members
from app.bodies import read_piece, stream_body
from app.caller import actor, platform
from core.errors import TooLarge
from core.model.names import DatasetId, FilePath, Ref
from core.model.storage import CHUNK_BYTES
from core.usecases.uploading.committing import commit_upload
from core.usecases.uploading.receiving import MAX_BATCH_FILE_BYTES, receive_batch, receive_file
from core.usecases.uploading.resuming import Progress, complete_file, receive_range, show_progress
from core.usecases.uploading.uploads import (
    UploadView,
    begin_upload,
    fresh_links,
    give_up_upload,
    show_upload,
)

blueprint = Blueprint(
    "api_uploads", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/uploads"
)

MAX_BATCH_BYTES = 128 * 1024 * 1024


@blueprint.post("")
def begin(dataset_id: int) -> ResponseReturnValue:
    """Open a session for announced files: 201 with what is missing and where to send it."""
    body = json_body()
    branch = body.maybe_text("branch")
    rows = [(row.text("path"), row.number("size"), row.text("md5")) for row in body.rows("files")]
    view = begin_upload(
        platform(),
        actor(),
        DatasetId(dataset_id),
        Ref(branch) if branch else None,
        body.text("message", "") or f"Upload {len(rows):,} file{'s' * (len(rows) != 1)}",
        rows,
        multipart=body.flag("multipart"),
        links_from_bytes=body.number("links_from") if "links_from" in body else 0,
    )
    return _dressed(dataset_id, view), HTTPStatus.CREATED


@blueprint.get("/<uid>")
def show(dataset_id: int, uid: str) -> ResponseReturnValue:
    """Tell where a session stands."""
    return _dressed(
        dataset_id, show_upload(platform(), actor(), DatasetId(dataset_id), upload_id(uid))
    )


@blueprint.delete("/<uid>")
def give_up(dataset_id: int, uid: str) -> ResponseReturnValue:
    """End a session without a commit."""
    give_up_upload(platform(), actor(), DatasetId(dataset_id), upload_id(uid))
    return "", HTTPStatus.NO_CONTENT


@blueprint.post("/<uid>/links")
def links(dataset_id: int, uid: str) -> ResponseReturnValue:
    """Give fresh links; permission is asked again."""
    body = json_body()
    paths = [FilePath(text) for text in body.texts("paths")]
    parts = body.numbers("parts") if "parts" in body else None
    view = fresh_links(
        platform(), actor(), DatasetId(dataset_id), upload_id(uid), paths or None, parts
    )
    return _dressed(dataset_id, view)


@blueprint.put("/<uid>/files/<path:path>")
def receive(dataset_id: int, uid: str, path: str) -> ResponseReturnValue:
    """Store the bytes of one announced file, or some of them by `Content-Range`."""
    asked = content_range()
    place = (platform(), actor(), DatasetId(dataset_id), upload_id(uid), FilePath(path))
    if asked is None:
        file = receive_file(*place, body_chunks(), body_size())
        return _told(Progress(file, "present", file.size_bytes))
    byte_range, total_bytes = asked
    if byte_range is None:
        return _told(show_progress(*place))
    return _told(receive_range(*place, body_chunks(), byte_range, total_bytes))


@blueprint.route("/<uid>/files/<path:path>", methods=["HEAD"], provide_automatic_options=False)
def look(dataset_id: int, uid: str, path: str) -> ResponseReturnValue:
    """Tell in headers how much of one announced file has arrived."""
    progress = show_progress(
        platform(), actor(), DatasetId(dataset_id), upload_id(uid), FilePath(path)
    )
    return "", HTTPStatus.OK, _headers(progress)


@blueprint.post("/<uid>/files/<path:path>/complete")
def complete(dataset_id: int, uid: str, path: str) -> ResponseReturnValue:
    """Verify a file whose parts have all arrived: 202 while that is going on."""
    progress = complete_file(
        platform(), actor(), DatasetId(dataset_id), upload_id(uid), FilePath(path)
    )
    return _told(progress)


@blueprint.post("/<uid>/batch")
def batch(dataset_id: int, uid: str) -> ResponseReturnValue:
    """Store the members of a tar stream; each is verified and answered by itself."""
    if (body_size() or 0) > MAX_BATCH_BYTES:
        raise TooLarge("A batch has at most 128 MiB: send several.")
    results = receive_batch(
        platform(),
        actor(),
        DatasetId(dataset_id),
        upload_id(uid),
        read_members(_TarBody(), largest_bytes=MAX_BATCH_FILE_BYTES),
    )
    return shapes.batch(results)


@blueprint.post("/<uid>/commit")
def commit(dataset_id: int, uid: str) -> ResponseReturnValue:
    """Make the one commit; said twice, it answers the same."""
    committed = commit_upload(platform(), actor(), DatasetId(dataset_id), upload_id(uid))
    session = platform().uploads.find_upload(DatasetId(dataset_id), upload_id(uid))
    return {"commit": committed.revision.sha, "files": session.files if session else 0}


class _TarBody:
    """The request's body, at most `MAX_BATCH_BYTES` of it; taken in large pieces, given in small ones.

    gunicorn copies all that it holds of a body at every read.
    """

    def __init__(self) -> None:
        stream_body()
        self._taken_bytes = 0
        self._held = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""
        if not self._held:
            self._held = memoryview(self._take())
        data = bytes(self._held[:size])
        self._held = self._held[size:]
        return data

    def _take(self) -> bytes:
        data = read_piece(CHUNK_BYTES)
        self._taken_bytes += len(data)
        if self._taken_bytes > MAX_BATCH_BYTES:
            raise TooLarge("A batch has at most 128 MiB: send several.")
        return data


def _dressed(dataset_id: int, view: UploadView) -> shapes.Json:
    files_url = f"/api/v1/datasets/{dataset_id}/uploads/{view.session.id}/files/"
    return shapes.upload(view, files_url=files_url)


def _told(progress: Progress) -> ResponseReturnValue:
    """Answer 200 for a file that is there, 202 for one on its way."""
    status = HTTPStatus.OK if progress.state == "present" else HTTPStatus.ACCEPTED
    return shapes.progress(progress), status, _headers(progress)


def _headers(progress: Progress) -> dict[str, str]:
    told = {"X-State": progress.state, "X-Received-Bytes": str(progress.received_bytes)}
    return told | ({"Retry-After": "1"} if progress.state == "verifying" else {})
