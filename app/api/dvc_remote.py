"""The dataset as a DVC remote over HTTP: one object per URL, named by its md5.

Source: COMPAT 4.1: what dvc-http 2.32 sends and expects.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from app.api.arguments import body_chunks, body_size, object_name
from app.api.sending import Sendable, lazily, send
from app.caller import actor, platform
from core.model.names import DatasetId
from core.model.storage import ByteRange, OpenObject
from core.usecases.dvc_remote import (
    find_object_size,
    open_remote,
    open_remote_object,
    put_remote_object,
)

blueprint = Blueprint("dvc_remote", __name__, url_prefix="/dvc/<int:dataset_id>")

_OBJECT = "/files/md5/<string(length=2):head>/<rest>"
_LEGACY = "/<string(length=2):head>/<rest>"


@blueprint.get("/files/md5")
def root(dataset_id: int) -> ResponseReturnValue:
    """Answer DVC's first question, whether it may come in at all."""
    open_remote(platform(), actor(), DatasetId(dataset_id))
    return Response(status=HTTPStatus.OK)


@blueprint.get(_OBJECT, defaults={"legacy": False})
@blueprint.get(_LEGACY, defaults={"legacy": True})
def fetch(dataset_id: int, head: str, rest: str, *, legacy: bool) -> ResponseReturnValue:
    """Send an object, or say by HEAD that it is there."""
    who, where = actor(), platform()
    placement = open_remote(where, who, DatasetId(dataset_id))
    md5 = object_name(head, rest)
    size_bytes = find_object_size(where, placement, md5, legacy=legacy)

    def open_chunks(byte_range: ByteRange | None) -> OpenObject:
        def opened() -> OpenObject:
            return open_remote_object(where, placement, md5, size_bytes, byte_range, legacy=legacy)

        return OpenObject(size_bytes, lazily(lambda: opened().chunks))

    item = Sendable(
        etag=str(md5),
        size_bytes=size_bytes,
        name=str(md5),
        open=open_chunks,
        still_allowed=lambda: open_remote(where, who, DatasetId(dataset_id)),
    )
    return send(item, cache_control="private, max-age=31536000, immutable")


@blueprint.route(_OBJECT, methods=["POST", "PUT"])
def store(dataset_id: int, head: str, rest: str) -> ResponseReturnValue:
    """Store what `dvc push` sends, if its bytes are those of its name."""
    md5 = object_name(head, rest)
    stored = put_remote_object(
        platform(), actor(), DatasetId(dataset_id), md5, body_chunks(), body_size()
    )
    status = HTTPStatus.OK if stored.was_there else HTTPStatus.CREATED
    return {"md5": str(md5), "size": stored.size_bytes}, status
