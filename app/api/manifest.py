"""Every file of a revision with its checksums and its size, as one list."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.api.arguments import path_argument, ref_argument
from app.api.sending import REVALIDATED, dress, etag_matches, gathered, named, watched
from app.caller import actor, platform
from app.shell import shell
from core.errors import Invalid
from core.model.names import DatasetId, FilePath
from core.usecases.exporting.manifest import ManifestRow, manifest_rows
from core.usecases.reading.contents import (
    Chosen,
    Contents,
    open_contents,
    still_allowed,
    with_sizes,
)

blueprint = Blueprint(
    "api_manifest", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/manifest"
)

COLUMNS = {
    "all": ("path", "md5", "sha256", "size", "stored"),
    "md5": (
        "path",
        "md5",
        "size",
        "stored",
    ),  # never changes, so that others can name it by its md5
}
_TYPES = {"json": "application/json", "csv": "text/csv", "urls": "text/plain"}
_SUFFIXES = {"urls": "txt"}


@blueprint.get("")
def manifest(dataset_id: int) -> ResponseReturnValue:
    """List all files of a revision, those of packed folders too."""
    form = request.args.get("format", "json")
    if form not in _TYPES:
        raise Invalid(f"format is json, csv or urls, not {form!r}.", details={"field": "format"})
    hashes = request.args.get("hashes", "all")
    if hashes not in COLUMNS:
        raise Invalid(f"hashes is all or md5, not {hashes!r}.", details={"field": "hashes"})
    where, who = platform(), actor()
    path = path_argument()
    chosen = Chosen((path,) if path else (), request.args.get("glob", ""))
    contents = open_contents(
        where, who, DatasetId(dataset_id), ref_argument(), chosen, with_bytes=False
    )
    etag = _etag(contents, chosen, f"{form}-{hashes}")
    if etag_matches(etag):
        return _dressed(Response(status=HTTPStatus.NOT_MODIFIED), etag, contents)
    write = _writer(contents, form, COLUMNS[hashes])
    rows = manifest_rows(where, with_sizes(where, contents), with_sha256=hashes == "all")
    chunks = watched(gathered(write(rows)), lambda: still_allowed(where, who, contents))
    response = Response(chunks, mimetype=_TYPES[form], direct_passthrough=True)
    suffix = _SUFFIXES.get(form, form)
    named(response, f"manifest-{contents.revision.sha[:8]}.{suffix}", "attachment")
    return _dressed(response, etag, contents)


def _dressed(response: Response, etag: str, contents: Contents) -> Response:
    dress(response, f"W/{etag}", REVALIDATED)
    response.headers["Accept-Ranges"] = "none"
    response.headers["X-Commit-Id"] = contents.revision.sha
    return response


def _etag(contents: Contents, chosen: Chosen, form: str) -> str:
    """Return a weak tag: what a sha256 column lacks now, it may have later."""
    choice = "\0".join((*(path.text for path in chosen.paths), chosen.glob))
    digest = hashlib.sha256(choice.encode()).hexdigest()[:16]
    return f'"{contents.revision.sha}-{form}-{digest}"'


def _writer(
    contents: Contents, form: str, columns: Sequence[str]
) -> Callable[[Iterator[ManifestRow]], Iterator[bytes]]:
    if form == "urls":
        api = f"{shell().settings.base_url}/api/v1/datasets/{contents.dataset.id}"
        return partial(write_urls, api=api, sha=contents.revision.sha)
    return partial(_json if form == "json" else write_csv, columns=columns)


def write_urls(rows: Iterator[ManifestRow], api: str, sha: str) -> Iterator[bytes]:
    """Write the address of each file, for ever the same bytes, on a line of its own."""
    for row in rows:
        if row.md5 is not None:
            yield f"{file_url(api, row.path, sha)}\n".encode()


def file_url(api: str, path: FilePath, sha: str) -> str:
    """Return the address of a file of one revision; `api` is that of its dataset."""
    return f"{api}/files/{quote(path.text)}?ref={sha}"


def _json(rows: Iterator[ManifestRow], columns: Sequence[str]) -> Iterator[bytes]:
    """Write one array, a row on each line."""
    before = "[\n"
    for row in rows:
        fields = _fields(row)
        shown = {name: fields[name] for name in columns}
        if row.problem:
            shown["problem"] = row.problem
        yield f"{before}{json.dumps(shown, ensure_ascii=False)}".encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def write_csv(rows: Iterator[ManifestRow], columns: Sequence[str]) -> Iterator[bytes]:
    """Write a header line, then a line for each file."""
    line = io.StringIO(newline="")
    writer = csv.DictWriter(line, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(_fields(row))
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()
    yield line.getvalue().encode()


def _fields(row: ManifestRow) -> dict[str, object]:
    return {
        "path": row.path.text,
        "md5": row.md5.hex if row.md5 else None,
        "sha256": row.sha256,
        "size": row.size_bytes,
        "stored": row.stored,
    }
