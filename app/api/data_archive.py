"""The data of a revision as one archive: a tar that can be continued, or a zip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from flask import Response, request

from app.api.sending import (
    CACHED_FOR_EVER,
    REVALIDATED,
    Sendable,
    dress,
    etag_matches,
    gathered,
    named,
    send,
    watched,
)
from app.api.zip_stream import ZipMember, stored_zip
from app.caller import actor, platform
from core.model.names import DatasetId, Ref
from core.model.storage import ByteRange, OpenObject
from core.usecases.exporting.data_archive import (
    DataArchive,
    open_bodies,
    open_data_archive,
    open_tar,
    size_of,
    tar_bytes,
)
from core.usecases.reading.contents import Chosen, still_allowed


def send_data_tar(dataset_id: DatasetId, ref: Ref | None, chosen: Chosen) -> Response:
    """Send the files as a tar of known length, or a range of it."""
    where, who = platform(), actor()
    archive = open_data_archive(where, who, dataset_id, ref, chosen)

    def open_range(byte_range: ByteRange | None) -> OpenObject:
        opened = open_tar(where, archive, byte_range)
        return OpenObject(opened.size_bytes, gathered(opened.chunks))

    item = Sendable(
        etag=archive.etag("tar"),
        size_bytes=tar_bytes(archive),
        name=f"{archive.name}.tar",
        open=open_range,
        still_allowed=lambda: still_allowed(where, who, archive.contents),
    )
    response = send(item, cache_control=_kept(archive))
    response.headers["Content-Type"] = "application/x-tar"
    return _with_facts(response, archive)


def send_data_zip(dataset_id: DatasetId, ref: Ref | None, chosen: Chosen) -> Response:
    """Stream the files as a zip."""
    where, who = platform(), actor()
    archive = open_data_archive(where, who, dataset_id, ref, chosen)
    etag = f'"{archive.etag("zip")}"'
    if etag_matches(etag):
        return dress(Response(status=HTTPStatus.NOT_MODIFIED), etag, _kept(archive))
    chunks: Iterable[bytes] = ()
    if request.method != "HEAD":
        bodies = open_bodies(where, archive)
        written = gathered(stored_zip(_zip_members(archive, bodies), archive.modified_at))
        chunks = watched(written, lambda: still_allowed(where, who, archive.contents))
    response = Response(chunks, mimetype="application/zip", direct_passthrough=True)
    dress(named(response, f"{archive.name}.zip", "attachment"), etag, _kept(archive))
    response.headers["Accept-Ranges"] = "none"
    return _with_facts(response, archive)


def _zip_members(archive: DataArchive, bodies: Iterator[OpenObject]) -> Iterator[ZipMember]:
    for member in archive.members:
        chunks = next(bodies).chunks if size_of(member) else iter(())
        yield ZipMember(archive.member_name(member), size_of(member), chunks)


def _kept(archive: DataArchive) -> str:
    is_pinned = archive.contents.is_pinned and request.method != "POST"
    return CACHED_FOR_EVER if is_pinned else REVALIDATED


def _with_facts(response: Response, archive: DataArchive) -> Response:
    headers = response.headers
    headers["X-Commit-Id"] = headers["X-Repo-Commit"] = archive.contents.revision.sha
    if archive.left_out:
        headers["X-Left-Out"] = str(archive.left_out)
    return response
