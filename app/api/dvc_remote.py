"""The dataset as a DVC remote over HTTP: one object per URL, named by its md5.

DVC shows nothing of an error but its reason phrase, and of most not even that: what it was refused is
kept for the dataset's page.
Source: COMPAT 4.1: what dvc-http 2.32 sends and expects.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.api.arguments import body_chunks, body_size, object_name
from app.api.sending import Sendable, lazily, send
from app.caller import actor, platform
from app.errors import tell_program
from core.errors import Forbidden, LabsetError, Unauthenticated
from core.model.names import DatasetId
from core.model.storage import ByteRange, OpenObject
from core.usecases.access.refusals import note_refusal
from core.usecases.clients.dvc_remote import (
    find_object_size,
    open_remote,
    open_remote_object,
    put_remote_object,
)

blueprint = Blueprint("dvc_remote", __name__, url_prefix="/dvc/<int:dataset_id>")

_OBJECT = "/files/md5/<string(length=2):head>/<rest>"
_LEGACY = "/<string(length=2):head>/<rest>"

_REASONS: Mapping[str, str] = {
    "unauthenticated": "GitLab token missing or refused (dvc remote modify --local labset password)",
    "insufficient_scope": "Token may only read: make one with the scope api",
    "wrong_checksum": "The bytes that arrived are not those of this md5",
    "not_bound": "The dataset has no storage site yet",
    "damaged": "The bytes on the storage site are damaged",
    "unavailable": "GitLab or the storage site does not answer; try again",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9 _.,/()+-]+")
_MOST_CHARACTERS = 160

_log = logging.getLogger("labset.dvc")


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


@blueprint.errorhandler(LabsetError)
def tell(error: LabsetError) -> ResponseReturnValue:
    """Answer an error with its reason in the status line, and keep refusals for their person."""
    _note(error)
    response = tell_program(error)
    reason = reason_of(error)
    if reason:
        response.status = f"{response.status_code} {reason}"
    return response


def reason_of(error: LabsetError) -> str | None:
    """Return what stands in the status line instead of HTTP's own words.

    Of what users chose only names of datasets and sites, as plain ASCII.
    """
    known = _REASONS.get(error.code)
    if known or not isinstance(error, Forbidden):
        return known
    plain = unicodedata.normalize("NFKD", error.why).encode("ascii", "ignore").decode()
    words = " ".join(_UNSAFE.sub("_", plain).split())[:_MOST_CHARACTERS]
    return words[:1].upper() + words[1:]


def _note(error: LabsetError) -> None:
    """Keep a refusal; that this fails must not hide the refusal itself."""
    try:
        dataset_id = DatasetId((request.view_args or {})["dataset_id"])
        note_refusal(platform(), actor(), dataset_id, request.method, error)
    except Unauthenticated:
        return  # nobody whom it could be told
    except LabsetError as problem:
        _log.warning("a refusal was not kept: %s", problem.message)
