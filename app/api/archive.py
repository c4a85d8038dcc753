"""A revision as one archive: of its pointers, or of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.api.arguments import json_body, path_argument, ref_argument
from app.api.data_archive import send_data_tar, send_data_zip
from app.api.pointer_archive import send_pointer_tar, send_pointer_zip
from core.errors import Invalid
from core.model.names import DatasetId, FilePath, Ref
from core.usecases.reading.contents import Chosen

blueprint = Blueprint(
    "api_archive", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/archive"
)

Send = Callable[[DatasetId, Ref | None, Chosen], Response]

_SENDERS: Mapping[tuple[str, str], Send] = {
    ("pointers", "zip"): send_pointer_zip,
    ("pointers", "tar"): send_pointer_tar,
    ("data", "zip"): send_data_zip,
    ("data", "tar"): send_data_tar,
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an archive is asked for, by a query or a body."""

    ref: Ref | None
    chosen: Chosen
    content: str
    form: str


@blueprint.get("")
def get(dataset_id: int) -> ResponseReturnValue:
    """Send the archive that the query asks for."""
    path = path_argument()
    chosen = Chosen((path,) if path else (), request.args.get("glob", ""))
    content, form = request.args.get("content", "pointers"), request.args.get("format", "zip")
    return _send(dataset_id, _Asked(ref_argument(), chosen, content, form))


@blueprint.post("")
def post(dataset_id: int) -> ResponseReturnValue:
    """Send the archive that the body asks for: it has room for many paths."""
    body = json_body()
    ref = body.maybe_text("ref")
    texts = body.get("paths") or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Invalid("paths must be a list of texts.", details={"field": "paths"})
    paths = dict.fromkeys(FilePath(text.strip("/")) for text in texts)
    chosen = Chosen(tuple(paths), body.text("glob", ""))
    content, form = body.text("content", "pointers"), body.text("format", "zip")
    return _send(dataset_id, _Asked(Ref(ref) if ref else None, chosen, content, form))


def _send(dataset_id: int, asked: _Asked) -> Response:
    send = _SENDERS.get((asked.content, asked.form))
    if send is None:
        field = "format" if asked.content in {"pointers", "data"} else "content"
        raise Invalid(
            f"content is pointers or data, format is zip or tar: not {asked.content!r} as "
            f"{asked.form!r}.",
            details={"field": field},
        )
    return send(DatasetId(dataset_id), asked.ref, asked.chosen)
