"""A revision as one archive of pointers."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.api.arguments import path_argument, ref_argument
from app.caller import actor, platform
from core.errors import Invalid
from core.model.names import DatasetId
from core.usecases.archive import ArchiveFile, PointerArchive, open_pointer_archive

blueprint = Blueprint(
    "api_archive", __name__, url_prefix="/api/v1/datasets/<int:dataset_id>/archive"
)

MAX_GLOB_CHARACTERS = 200
_EPOCH = (1980, 1, 1, 0, 0, 0)


@blueprint.get("")
def pointers(dataset_id: int) -> ResponseReturnValue:
    """Stream the pointers of a revision; unpacked, `dvc pull` completes them without git."""
    if request.args.get("content", "pointers") != "pointers":
        raise Invalid("content is pointers: the data come by `dvc pull` in the unpacked folder.")
    form = request.args.get("format", "zip")
    if form not in _FORMATS:
        raise Invalid(f"format is zip or tar, not {form!r}.", details={"field": "format"})
    archive = open_pointer_archive(
        platform(),
        actor(),
        DatasetId(dataset_id),
        ref_argument(),
        path_argument(),
        _glob(),
    )
    write, media_type = _FORMATS[form]
    response = Response(write(archive), mimetype=media_type, direct_passthrough=True)
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in archive.name)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    response.headers["X-Commit-Id"] = archive.revision.sha
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _glob() -> str:
    glob = request.args.get("glob", "")
    if len(glob) > MAX_GLOB_CHARACTERS:
        raise Invalid(
            f"glob has at most {MAX_GLOB_CHARACTERS} characters.", details={"field": "glob"}
        )
    return glob


class _Outlet(io.RawIOBase):
    """Collects what a writer writes until it is sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: object) -> int:
        """Keep the bytes."""
        part = bytes(cast("bytes", data))
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Hand over what has gathered."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _zip(archive: PointerArchive) -> Iterator[bytes]:
    outlet = _Outlet()
    with zipfile.ZipFile(cast("IO[bytes]", outlet), "w", zipfile.ZIP_DEFLATED) as packed:
        for file in archive.files:
            info = zipfile.ZipInfo(f"{archive.name}/{file.path}", date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | _mode(file)) << 16
            packed.writestr(info, file.data)
            yield outlet.take()
    yield outlet.take()


def _tar(archive: PointerArchive) -> Iterator[bytes]:
    outlet = _Outlet()
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


_FORMATS = {"zip": (_zip, "application/zip"), "tar": (_tar, "application/x-tar")}
