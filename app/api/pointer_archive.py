"""The pointers of a revision as one archive; unpacked, `dvc pull` completes them without git."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from flask import Response

from app.api.zip_stream import Outlet
from app.caller import actor, platform
from core.model.names import DatasetId, Ref
from core.usecases.exporting.archive import ArchiveFile, PointerArchive, open_pointer_archive
from core.usecases.reading.contents import Chosen

_EPOCH = (1980, 1, 1, 0, 0, 0)


def send_pointer_zip(dataset_id: DatasetId, ref: Ref | None, chosen: Chosen) -> Response:
    """Stream the pointers as a zip."""
    archive = open_pointer_archive(platform(), actor(), dataset_id, ref, chosen)
    return _response(archive, _zip(archive), "zip", "application/zip")


def send_pointer_tar(dataset_id: DatasetId, ref: Ref | None, chosen: Chosen) -> Response:
    """Stream the pointers as a tar."""
    archive = open_pointer_archive(platform(), actor(), dataset_id, ref, chosen)
    return _response(archive, _tar(archive), "tar", "application/x-tar")


def _response(
    archive: PointerArchive, chunks: Iterator[bytes], suffix: str, media_type: str
) -> Response:
    response = Response(chunks, mimetype=media_type, direct_passthrough=True)
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in archive.name)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{suffix}"'
    response.headers["X-Commit-Id"] = archive.revision.sha
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _zip(archive: PointerArchive) -> Iterator[bytes]:
    outlet = Outlet()
    with zipfile.ZipFile(cast("IO[bytes]", outlet), "w", zipfile.ZIP_DEFLATED) as packed:
        for file in archive.files:
            info = zipfile.ZipInfo(f"{archive.name}/{file.path}", date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | _mode(file)) << 16
            packed.writestr(info, file.data)
            yield outlet.take()
    yield outlet.take()


def _tar(archive: PointerArchive) -> Iterator[bytes]:
    outlet = Outlet()
    with tarfile.open(fileobj=cast("IO[bytes]", outlet), mode="w|") as packed:
        for file in archive.files:
            info = tarfile.TarInfo(f"{archive.name}/{file.path}")
            info.size = len(file.data)
            info.mode = _mode(file)
            packed.addfile(info, io.BytesIO(file.data))
            yield outlet.take()
    yield outlet.take()


def _mode(file: ArchiveFile) -> int:
    return 0o755 if file.is_executable else 0o644
