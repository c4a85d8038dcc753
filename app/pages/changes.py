"""What the Files pages change with a plain form: replace, delete, move, pack and unpack."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from app.caller import actor, platform
from app.pages.formats import counted, short
from app.pages.forms import Form, sent_form
from core.errors import Invalid
from core.model.history import Committed
from core.model.names import DatasetId, FilePath, Ref
from core.model.storage import CHUNK_BYTES
from core.usecases.changing.change_files import Arriving, open_target, put_files
from core.usecases.changing.packing import pack_folder, unpack_folder
from core.usecases.changing.rearrange import delete_path, move_paths

blueprint = Blueprint("changes", __name__, url_prefix="/datasets/<int:dataset_id>")


@blueprint.post("/replace")
def replace(dataset_id: int) -> ResponseReturnValue:
    """Put other bytes under the path of a file, in one commit."""
    form = sent_form()
    path, branch = _place_of(form)
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
    path, branch = _place_of(form)
    message = form.value("message") or f"Delete {path}"
    done = delete_path(platform(), actor(), DatasetId(dataset_id), path, branch, message)
    tell(f"{path} was deleted on {branch}; older versions keep it.", done)
    return _to_folder(dataset_id, path.parent, branch)


@blueprint.post("/move-path")
def move(dataset_id: int) -> ResponseReturnValue:
    """Give a file or a folder another path on a branch, in one commit."""
    form = sent_form()
    path, branch = _place_of(form)
    new = FilePath(form.value("to").strip().strip("/"))
    message = form.value("message") or f"Move {path} to {new}"
    moves = [(path, new)]
    done = move_paths(platform(), actor(), DatasetId(dataset_id), moves, branch, message)
    tell(f"{path} is {new} now.", done.committed)
    address = url_for("files.file", dataset_id=dataset_id, path=new.text, ref=branch.name)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/pack")
def pack(dataset_id: int) -> ResponseReturnValue:
    """Make one pointer of a folder on a branch, in one commit."""
    form = sent_form()
    path, branch = _place_of(form)
    done = pack_folder(platform(), actor(), DatasetId(dataset_id), path, branch, f"Pack {path}")
    tell(f"{path} is one pointer for {counted(done.files, 'file')} now.", done.committed)
    return _to_folder(dataset_id, path, branch)


@blueprint.post("/unpack")
def unpack(dataset_id: int) -> ResponseReturnValue:
    """Make one pointer per file of a packed folder on a branch, in one commit."""
    form = sent_form()
    path, branch = _place_of(form)
    done = unpack_folder(platform(), actor(), DatasetId(dataset_id), path, branch, f"Unpack {path}")
    tell(f"{path} has a pointer for each of {counted(done.files, 'file')} now.", done.committed)
    return _to_folder(dataset_id, path, branch)


def _to_folder(dataset_id: int, path: FilePath | None, branch: Ref) -> ResponseReturnValue:
    shown = path.text if path else ""
    address = url_for("files.tree", dataset_id=dataset_id, path=shown, ref=branch.name)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _place_of(form: Form) -> tuple[FilePath, Ref]:
    return FilePath(form.value("path")), Ref(form.value("branch"))


def chunks_of(sent: FileStorage) -> Iterator[bytes]:
    """Yield the bytes of a part of a form."""
    while chunk := sent.stream.read(CHUNK_BYTES):
        yield chunk


def tell(sentence: str, committed: Committed) -> None:
    """Say on the next page what was done, and in which commit."""
    flash(f"{sentence} Commit {short(committed.revision)}.", "success")
