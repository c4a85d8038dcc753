"""One archive of a revision into a file: under its name when it is whole, continued when it broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from labset.errors import Conflict, LabsetError, Unreachable
from labset.local.part_beside import PartBeside
from labset.model import Archived, ArchiveRequest
from labset.transport.connection import Connection, dataset_path
from labset.watch import Watch

if TYPE_CHECKING:
    import httpx

_TRIES_WITHOUT_PROGRESS = 5


def copy_archive(
    connection: Connection, request: ArchiveRequest, target: BinaryIO, watch: Watch
) -> str:
    """Write an archive to an open stream; return its commit."""
    with _answer(connection, request, {}) as response:
        _announce(response, watch)
        for chunk in response.iter_bytes():
            target.write(chunk)
            watch.advance(0, len(chunk))
        watch.end()
        return response.headers["X-Commit-Id"]


def save_archive(
    connection: Connection, request: ArchiveRequest, output: Path, watch: Watch
) -> Archived:
    """Write an archive to `output`; what an earlier call left in `<output>.part` is continued.

    Raises:  Unreachable, if the connection breaks again and again; the `.part` stays for the next call.
    """
    part = PartBeside(output)
    tries = 0
    while True:
        held = part.held_bytes()
        try:
            commit = _fetch(connection, request, part, watch)
        except Unreachable as problem:
            if not part.mark():
                raise _not_continued(problem) from problem
            tries = 0 if part.held_bytes() > held else tries + 1
            if tries >= _TRIES_WITHOUT_PROGRESS:
                raise
        else:
            watch.end()
            return Archived(commit, output, part.finish())


def _fetch(connection: Connection, request: ArchiveRequest, part: PartBeside, watch: Watch) -> str:
    """Fetch what is missing; return the commit."""
    held, etag = part.held_bytes(), part.mark()
    headers = {"Range": f"bytes={held}-", "If-Range": etag} if held and etag else {}
    try:
        with _answer(connection, request, headers) as response:
            continued = response.status_code == HTTPStatus.PARTIAL_CONTENT
            _announce(response, watch, held if continued else 0)
            can_go_on = response.headers.get("Accept-Ranges") == "bytes"
            part.remember(response.headers.get("ETag", "") if can_go_on else "")
            with part.path.open("ab" if continued else "wb") as file:
                for chunk in response.iter_bytes():  # as they come: none is lost at a break
                    file.write(chunk)
                    watch.advance(0, len(chunk))
            return response.headers["X-Commit-Id"]
    except LabsetError as error:
        if error.code != "range_not_satisfiable":
            raise
        part.path.unlink()  # longer than the archive: not what it claims to be
        raise Conflict(f"{part.path} was of something else and is gone now: try again.") from error


def _not_continued(problem: Unreachable) -> Unreachable:
    return Unreachable(
        f"{problem.message} It begins anew then: only a tar of the data can be continued. "
        "If it breaks again, `labset verify` tells whether bytes are missing."
    )


@contextmanager
def _answer(
    connection: Connection, request: ArchiveRequest, headers: Mapping[str, str]
) -> Iterator[httpx.Response]:
    path = dataset_path(request.dataset_id, "archive")
    asked = {
        "ref": request.ref,
        "glob": request.glob,
        "format": request.form,
        "content": request.content,
    }
    asked = {name: value for name, value in asked.items() if value}
    if len(request.paths) > 1:  # many paths need a body
        body = {**asked, "paths": list(request.paths)}
        with connection.stream("POST", path, json=body, headers=headers, repeatable=True) as answer:
            yield answer
    else:
        asked["path"] = request.paths[0] if request.paths else None
        with connection.stream("GET", path, params=asked, headers=headers) as answer:
            yield answer


def _announce(response: httpx.Response, watch: Watch, held: int = 0) -> None:
    total = held + int(response.headers.get("Content-Length", "0"))
    watch.begin("Archive", 0, total)
    watch.advance(0, held)
