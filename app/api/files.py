"""Files at a ref: the bytes by a permanent link, and one commit for each change."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from app.api.arguments import (
    body_chunks,
    body_size,
    flag,
    folder,
    message_argument,
    ref_argument,
)
from app.api.sending import Sendable, send
from app.caller import Door, actor, caller, platform
from core.errors import Invalid
from core.model.names import DatasetId, FilePath, Ref
from core.model.storage import CHUNK_BYTES
from core.usecases.changing.change_files import Arriving, PutResult, open_target, put_files
from core.usecases.changing.rearrange import delete_path
from core.usecases.reading.download import FoundFile, check_there, find_file, find_link, open_file

blueprint = Blueprint("api_files", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/files")

_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
_LINKED_DOORS = {Door.BEARER, Door.NONE}


@blueprint.get("/<path:path>")
def download(dataset_id: int, path: str) -> ResponseReturnValue:
    """Send the bytes that `path` has at `?ref=`."""
    ref, file_path = ref_argument(), FilePath(path)
    found = find_file(platform(), actor(), DatasetId(dataset_id), ref, file_path)
    location = _redirect_location(found)
    if location:
        headers = {"Location": location, "Cache-Control": "no-store"}
        return with_facts(Response(status=HTTPStatus.FOUND, headers=headers), found)
    if request.method == "HEAD":
        check_there(platform(), found)
    return with_facts(send_found(found, ref, inline=flag("inline")), found)


@blueprint.put("/<path:path>")
def put(dataset_id: int, path: str) -> ResponseReturnValue:
    """Store the body as the file `path` in one commit: 201 new, 200 replaced."""
    one = Arriving(FilePath(path), body_chunks(), body_size())
    target = open_target(platform(), actor(), DatasetId(dataset_id), branch_argument())
    if not body_size() and not _is_chunked() and not flag("empty"):
        raise Invalid(
            "No bytes came: send the file as the body (curl -T FILE), "
            "or add ?empty=1 for a file that is meant to be empty.",
            code="nothing_sent",
        )
    result = put_files(platform(), actor(), target, message_argument(f"Upload {path}"), [one])
    file = result.files[0]
    return {
        "commit": result.committed.revision.sha,
        "path": file.path.text,
        "md5": file.md5.hex,
        "size": file.size_bytes,
    }, _created_or_replaced(result)


@blueprint.post("")
def post(dataset_id: int) -> ResponseReturnValue:
    """Store the parts of a multipart form, whose file names are paths, in one commit."""
    target = open_target(platform(), actor(), DatasetId(dataset_id), branch_argument())
    parts = [part for parts in request.files.listvalues() for part in parts if part.filename]
    below = folder(request.args.get("path", request.form.get("path", "")))
    arriving = [_arriving(part, below) for part in parts]
    message = (
        request.form.get("message", "").strip()
        or f"Upload {len(parts):,} file{'s' * (len(parts) != 1)}"
    )
    result = put_files(platform(), actor(), target, message_argument(message), arriving)
    stored = [
        {"path": file.path.text, "md5": file.md5.hex, "size": file.size_bytes}
        for file in result.files
    ]
    commit = result.committed.revision.sha
    answer = {"commit": commit, "files": len(stored), "stored": stored}
    return jsonify(answer), _created_or_replaced(result)


@blueprint.delete("/<path:path>")
def delete(dataset_id: int, path: str) -> ResponseReturnValue:
    """Delete a file or folder in one commit."""
    committed = delete_path(
        platform(),
        actor(),
        DatasetId(dataset_id),
        FilePath(path.rstrip("/")),
        branch_argument(),
        message_argument(f"Delete {path}"),
    )
    return {"commit": committed.revision.sha, "path": path}


def branch_argument() -> Ref | None:
    """Return `?branch=` (or the form's), or None for the default branch."""
    text = request.args.get("branch", "")
    if not text and request.mimetype == "multipart/form-data":
        text = request.form.get("branch", "")
    return Ref(text) if text else None


def send_found(found: FoundFile, ref: Ref | None, *, inline: bool) -> Response:
    """Send a file that was found, watching the caller's rights while it streams."""
    who, where = actor(), platform()

    def still_allowed() -> object:
        return find_file(where, who, found.dataset.id, ref, found.path)

    item = Sendable(
        etag=found.md5.hex,
        size_bytes=found.size_bytes,
        name=found.path.name,
        open=lambda byte_range: open_file(where, found, byte_range),
        still_allowed=still_allowed,
    )
    kept = _FOR_EVER if found.is_pinned else _ASK_AGAIN
    return send(item, cache_control=kept, inline=inline)


def _is_chunked() -> bool:
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def with_facts(response: Response, found: FoundFile) -> Response:
    """Add what names the bytes and the commit, also for the Hub's clients (COMPAT 4.3)."""
    headers = response.headers
    headers["X-Commit-Id"] = headers["X-Repo-Commit"] = found.revision.sha
    headers["X-Linked-Etag"] = f'"{found.md5.hex}"'
    headers["X-Linked-Size"] = str(found.size_bytes)
    return response


def _redirect_location(found: FoundFile) -> str | None:
    """Return where to send the caller instead, where he asked and no token can leak (COMPAT 4.1)."""
    preferred = "redirect" in request.headers.get("Prefer", "")
    if not (flag("redirect") or preferred) or caller().door not in _LINKED_DOORS:
        return None
    if request.method == "HEAD" and not flag("redirect"):
        return None
    link = find_link(platform(), found)
    return link.url if link else None


def _arriving(part: FileStorage, below: FilePath | None) -> Arriving:
    name = (part.filename or "").lstrip("/")
    path = FilePath(f"{below}/{name}" if below else name)
    return Arriving(path, _part_chunks(part))


def _part_chunks(part: FileStorage) -> Iterator[bytes]:
    while chunk := part.stream.read(CHUNK_BYTES):
        yield chunk


def _created_or_replaced(result: PutResult) -> HTTPStatus:
    new = any(file.path.text not in result.committed.replaced for file in result.files)
    return HTTPStatus.CREATED if new else HTTPStatus.OK
