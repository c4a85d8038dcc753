"""Archives of a tree at a commit, made on the fly."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pygit2
from flask import Blueprint, Response
from pygit2.enums import FileMode

from devstack.gitlab.api.lookup import readable_project
from devstack.gitlab.errors import not_found
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.repository import names
from devstack.gitlab.repository.history import entry_at
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

blueprint = Blueprint("archives", __name__)

_ARCHIVE = "/projects/<segment:project>/repository/archive"
_TAR_MODES = {
    "tar": "w",
    **dict.fromkeys(("tar.gz", "tgz", "gz"), "w:gz"),
    **dict.fromkeys(("tar.bz2", "tbz", "tbz2", "tb2", "bz2"), "w:bz2"),
}
KINDS = ("zip", *_TAR_MODES)
_ENDINGS = {"w": "tar", "w:gz": "tar.gz", "w:bz2": "tar.bz2"}


@blueprint.get(_ARCHIVE)
def archive(project: str) -> Response:
    """Answer the tree as tar.gz, or as `format` says."""
    return _archive(project, read(Field("format")).get("format") or "tar.gz")


@blueprint.get(
    f"{_ARCHIVE}.<any('zip', 'tar', 'tar.gz', 'tgz', 'gz', 'tar.bz2', 'tbz', 'tbz2', 'tb2', 'bz2'):kind>"
)
def archive_as(project: str, kind: str) -> Response:
    """Answer the tree in the wanted format."""
    return _archive(project, kind)


def _archive(project: str, kind: str) -> Response:
    rights = readable_project(project)
    given = read(Field("sha"), Field("path"), Field("format"), Field("exclude_paths", "strings"))
    repository = open_repository(here(), rights.project.id)
    ref = given.get("sha") or rights.project.default_branch or "HEAD"
    commit = names.find_commit(repository, ref)
    if commit is None or kind not in KINDS:
        raise not_found("File")
    folder = (given.get("path") or "").strip("/")
    if entry_at(commit, folder) is None:
        raise not_found("File")
    name = _name([rights.project.path, ref, str(commit.id)], folder)
    return packed(commit, folder, name, kind, given.get("exclude_paths") or [])


def packed(
    commit: pygit2.Commit, folder: str, name: str, kind: str, exclude: Sequence[str] = ()
) -> Response:
    """Answer one folder of a commit (all of it without), packed as `kind` says below a top folder `name`."""
    hidden = [path.strip("/") for path in exclude]
    found = _below(commit, folder) if folder else _files(commit.tree, "")
    files = [(path, blob) for path, blob in found if not _lies_in(path, hidden)]
    data = (
        _zipped(name, files)
        if kind == "zip"
        else _tarred(name, files, _TAR_MODES[kind], commit.commit_time)
    )
    ending = "zip" if kind == "zip" else _ENDINGS[_TAR_MODES[kind]]
    response = Response(
        data, content_type="application/zip" if kind == "zip" else "application/octet-stream"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


def _lies_in(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _name(parts: list[str], folder: str) -> str:
    return "-".join([*parts, folder] if folder else parts).replace("/", "-")


def _below(commit: pygit2.Commit, folder: str) -> Iterator[tuple[str, pygit2.Blob]]:
    found = entry_at(commit, folder)
    if isinstance(found, pygit2.Blob):
        yield folder, found
    elif isinstance(found, pygit2.Tree):
        yield from _files(found, f"{folder}/")


def _files(tree: pygit2.Tree, prefix: str) -> Iterator[tuple[str, pygit2.Blob]]:
    for item in tree:
        if isinstance(item, pygit2.Tree):
            yield from _files(item, f"{prefix}{item.name}/")
        elif isinstance(item, pygit2.Blob):
            yield f"{prefix}{item.name}", item


def _zipped(top: str, files: list[tuple[str, pygit2.Blob]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for path, blob in files:
            entry = zipfile.ZipInfo(f"{top}/{path}")
            entry.external_attr = int(blob.filemode or FileMode.BLOB) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, blob.data)
    return buffer.getvalue()


def _tarred(top: str, files: list[tuple[str, pygit2.Blob]], mode: str, moment: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        for path, blob in files:
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.mtime = moment
            entry.mode = 0o775 if blob.filemode == FileMode.BLOB_EXECUTABLE else 0o664
            if blob.filemode == FileMode.LINK:
                entry.type, entry.linkname = (
                    tarfile.SYMTYPE,
                    blob.data.decode("utf-8", "surrogateescape"),
                )
                target.addfile(entry)
                continue
            entry.size = blob.size
            target.addfile(entry, io.BytesIO(blob.data))
    data = buffer.getvalue()
    if mode == "w:gz":
        return gzip.compress(data, mtime=moment)  # the same tree gives the same bytes, always
    return bz2.compress(data) if mode == "w:bz2" else data
