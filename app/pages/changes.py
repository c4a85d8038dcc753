"""What the Files pages change with a plain form: replace a file, delete a file or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from app.caller import actor, platform
from app.pages.formats import short
from app.pages.forms import sent_form
from core.errors import Invalid
from core.model.history import Committed
from core.model.names import DatasetId, FilePath, Ref
from core.model.storage import CHUNK_BYTES
from core.usecases.change_files import Arriving, open_target, put_files
from core.usecases.rearrange import delete_path

blueprint = Blueprint("changes", __name__, url_prefix="/datasets/<int:dataset_id>")


@blueprint.post("/replace")
def replace(dataset_id: int) -> ResponseReturnValue:
    """Put other bytes under the path of a file, in one commit."""
    form = sent_form()
    path, branch = FilePath(form.value("path")), Ref(form.value("branch"))
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("Choose the file that replaces it.", details={"field": "file"})
    target = open_target(platform(), actor(), DatasetId(dataset_id), branch)
    message = form.value("message") or f"Replace {path}"
    arriving = Arriving(path, chunks_of(sent))
    result = put_files(platform(), actor(), target, message, [arriving])
    tell(f"{path} was replaced.", result.committed)
    address = url_for("files.file", dataset_id=dataset_id, path=path.text, ref=branch.name)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/delete-path")
def delete(dataset_id: int) -> ResponseReturnValue:
    """Delete a file or a folder on a branch, in one commit."""
    form = sent_form()
    path, branch = FilePath(form.value("path")), Ref(form.value("branch"))
    message = form.value("message") or f"Delete {path}"
    done = delete_path(platform(), actor(), DatasetId(dataset_id), path, branch, message)
    tell(f"{path} was deleted on {branch}; older versions keep it.", done)
    parent = path.parent.text if path.parent else ""
    address = url_for("files.tree", dataset_id=dataset_id, path=parent, ref=branch.name)
    return redirect(address, HTTPStatus.SEE_OTHER)


def chunks_of(sent: FileStorage) -> Iterator[bytes]:
    """Yield the bytes of a part of a form."""
    while chunk := sent.stream.read(CHUNK_BYTES):
        yield chunk


def tell(sentence: str, committed: Committed) -> None:
    """Say on the next page what was done, and in which commit."""
    flash(f"{sentence} Commit {short(committed.revision)}.", "success")
