"""Changes that send no bytes: move, pack and unpack folders, undo a commit."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.api.arguments import Body, json_body, message_argument
from app.api.files import branch_argument
from app.caller import actor, platform
from core.model.names import DatasetId, FilePath, Ref
from core.usecases.changing.packing import pack_folder, unpack_folder
from core.usecases.changing.rearrange import Rearranged, move_paths
from core.usecases.changing.revert import revert_commit

blueprint = Blueprint("api_rearranging", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>")


@blueprint.post("/moves")
def move(dataset_id: int) -> ResponseReturnValue:
    """Give files and folders other paths in one commit."""
    body = json_body()
    rows = body.rows("moves") if "moves" in body else [body]
    moves = [(_path(row.text("from")), _path(row.text("to"))) for row in rows]
    first = (
        f"Move {moves[0][0]} to {moves[0][1]}" if len(moves) == 1 else f"Move {len(moves)} paths"
    )
    done = move_paths(
        platform(),
        actor(),
        DatasetId(dataset_id),
        moves,
        _branch(body),
        body.text("message", "") or first,
    )
    return _dressed(done)


@blueprint.post("/packs")
def pack(dataset_id: int) -> ResponseReturnValue:
    """Make one `.dir` pointer of a folder in one commit."""
    body = json_body()
    path = _path(body.text("path"))
    message = body.text("message", "") or f"Pack {path}"
    return _dressed(
        pack_folder(platform(), actor(), DatasetId(dataset_id), path, _branch(body), message)
    )


@blueprint.delete("/packs/<path:path>")
def unpack(dataset_id: int, path: str) -> ResponseReturnValue:
    """Make one pointer per file of a packed folder in one commit."""
    folder = _path(path)
    message = message_argument(f"Unpack {folder}")
    return _dressed(
        unpack_folder(
            platform(), actor(), DatasetId(dataset_id), folder, branch_argument(), message
        )
    )


@blueprint.post("/reverts")
def revert(dataset_id: int) -> ResponseReturnValue:
    """Undo one commit by a new one."""
    body = json_body()
    return _dressed(
        revert_commit(
            platform(),
            actor(),
            DatasetId(dataset_id),
            Ref(body.text("commit")),
            _branch(body),
            body.text("message", ""),
        )
    )


def _path(text: str) -> FilePath:
    return FilePath(text.strip("/"))


def _branch(body: Body) -> Ref | None:
    branch = body.maybe_text("branch")
    return Ref(branch) if branch else None


def _dressed(done: Rearranged) -> dict[str, object]:
    return {"commit": done.committed.revision.sha, "files": done.files}
