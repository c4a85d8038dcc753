"""Files: one at a time, read and written."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pygit2
from flask import Blueprint, Response, jsonify, request
from pygit2.enums import FileMode

from devstack.gitlab.api.committing import (
    BRANCH_FIELDS,
    NOT_ALLOWED,
    CommitRequest,
    commit_changes,
    may_commit_to,
    require_push,
)
from devstack.gitlab.api.lookup import readable_project
from devstack.gitlab.api.throttling import spare_large
from devstack.gitlab.entities.repository import moment
from devstack.gitlab.errors import bad_request, invalid_parameters, not_found
from devstack.gitlab.parameters import Field, check, everything, read
from devstack.gitlab.repository import names
from devstack.gitlab.repository.history import entry_at, last_commit_id
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.repository.writing import Action
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from devstack.gitlab.policy import ProjectRights

blueprint = Blueprint("files", __name__)

_FILE = "/projects/<segment:project>/repository/files/<segment:path>"
_LAST_LINE = (1 << 31) - 1
_MESSAGE = Field("commit_message", required=True, blank=False)
_STALE = {
    "update": "You are attempting to update a file that has changed since you started editing it.",
    "delete": "You are attempting to delete a file that has been previously updated.",
}


@dataclass(frozen=True, slots=True)
class _Found:
    """A file at a commit."""

    blob: pygit2.Blob
    commit: pygit2.Commit
    path: str
    ref: str
    last_commit: str

    def description(self) -> dict[str, Any]:
        """Return what is said about it besides its content."""
        return {
            "file_name": self.path.rpartition("/")[2],
            "file_path": self.path,
            "size": self.blob.size,
            "encoding": "base64",
            "content_sha256": hashlib.sha256(self.blob.data).hexdigest(),
            "ref": self.ref,
            "blob_id": str(self.blob.id),
            "commit_id": str(self.commit.id),
            "last_commit_id": self.last_commit,
            "execute_filemode": self.blob.filemode == FileMode.BLOB_EXECUTABLE,
        }

    def headers(self) -> dict[str, str]:
        """Return the same as `X-Gitlab-…` headers."""
        shown = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.description().items()
        }
        return {
            f"X-Gitlab-{name.replace('_', '-').title()}": quote(
                value, safe=" /~!@#$%^&*()_+-={}[]|:;<>,.?'"
            )
            for name, value in shown.items()
        }


def _check_path(path: str, *, rooted: bool = False) -> None:
    """Refuse paths that climb, and (unless `rooted`) those that begin with a slash."""
    if ".." in path.replace("\\", "/").split("/") or (path.startswith("/") and not rooted):
        raise invalid_parameters("file_path should be a valid file path")


def _find(rights: ProjectRights, path: str, ref: str) -> _Found:
    repository = open_repository(here(), rights.project.id)
    commit = names.find_commit(repository, _default(rights) if ref == "HEAD" else ref)
    if commit is None:
        raise not_found("Commit")
    blob = entry_at(commit, path)
    if not isinstance(blob, pygit2.Blob):
        raise not_found("File")
    return _Found(blob, commit, path, ref, last_commit_id(repository, commit, path))


def _default(rights: ProjectRights) -> str:
    return rights.project.default_branch or "HEAD"


@blueprint.get(_FILE)
def show(project: str, path: str) -> Response:
    """Answer one file with its content in base64; HEAD gives the same in headers."""
    rights = readable_project(project)
    _check_path(path)
    given = read(Field("ref", required=True, blank=False))
    found = _find(rights, path, given["ref"])
    if request.method != "HEAD":
        spare_large(found.blob, rights.project.id, "files/:file_path/raw")
    body = found.description()
    response = jsonify({**body, "content": base64.b64encode(found.blob.data).decode()})
    response.headers.extend(found.headers())
    return response


@blueprint.get(f"{_FILE}/raw")
def show_raw(project: str, path: str) -> Response:
    """Answer the bytes of one file."""
    rights = readable_project(project)
    _check_path(path, rooted=True)
    given = read(Field("ref", blank=False), Field("lfs", "boolean"))
    found = _find(rights, path.removeprefix("/"), given.get("ref") or "HEAD")
    response = Response(found.blob.data, content_type="text/plain; charset=utf-8")
    name = quote(path.rpartition("/")[2])
    response.headers["Content-Disposition"] = (
        f"inline; filename=\"{name}\"; filename*=UTF-8''{name}"
    )
    response.headers.extend(found.headers())
    return response


@blueprint.get(f"{_FILE}/blame")
def show_blame(project: str, path: str) -> Response:
    """Answer which commit each line of a file (or of a range of its lines) comes from."""
    rights = readable_project(project)
    _check_path(path)
    given = read(Field("ref", required=True, blank=False))
    first, last = _blamed_range()
    found = _find(rights, path, given["ref"])
    repository = open_repository(here(), rights.project.id)
    lines = found.blob.data.decode("utf-8", "replace").splitlines()
    last = min(last, len(lines))
    if first > last:
        return jsonify([])
    blame = repository.blame(path, newest_commit=found.commit.id, min_line=first, max_line=last)
    blamed = [_blamed(repository, hunk, lines[:last], first) for hunk in blame]
    response = jsonify(blamed)
    response.headers.extend(found.headers())
    return response


def _blamed_range() -> tuple[int, int]:
    """Return the first and last wanted line, counted from 1."""
    given = everything().get("range")
    if not given:
        return 1, _LAST_LINE
    fields = (Field("start", "integer", required=True), Field("end", "integer", required=True))
    problems, found = check(fields, given if isinstance(given, dict) else {}, "range")
    problems += [f"range[{name}] does not have a valid value" for name in found if found[name] < 1]
    if problems:
        raise invalid_parameters(", ".join(problems))
    if found["start"] > found["end"]:
        raise bad_request("range[start] must be less than or equal to range[end]")
    return found["start"], found["end"]


def _blamed(
    repository: pygit2.Repository, hunk: pygit2.blame.BlameHunk, lines: list[str], start: int
) -> dict[str, Any]:
    first = max(hunk.final_start_line_number, start) - 1
    end = hunk.final_start_line_number - 1 + hunk.lines_in_hunk
    commit = repository[hunk.final_commit_id].peel(pygit2.Commit)
    return {
        "commit": {
            "id": str(commit.id),
            "parent_ids": [str(parent) for parent in commit.parent_ids],
            "message": commit.message,
            "authored_date": moment(commit.author.time, commit.author.offset),
            "author_name": commit.author.name,
            "author_email": commit.author.email,
            "committed_date": moment(commit.committer.time, commit.committer.offset),
            "committer_name": commit.committer.name,
            "committer_email": commit.committer.email,
        },
        "lines": lines[first:end],
    }


@blueprint.post(_FILE)
def create(project: str, path: str) -> tuple[Response, int]:
    """Add a file by one commit."""
    return _write(project, path, "create"), 201


@blueprint.put(_FILE)
def update(project: str, path: str) -> Response:
    """Replace a file by one commit."""
    return _write(project, path, "update")


def _write(project: str, path: str, action: str) -> Response:
    rights = readable_project(project)
    require_push(rights)
    _check_path(path)
    given = read(
        *BRANCH_FIELDS,
        _MESSAGE,
        Field("content", required=True),
        Field("encoding", values=("text", "base64")),
        Field("execute_filemode", "boolean"),
        Field("last_commit_id"),
    )
    _commit_one(rights, path, action, given)
    return jsonify({"file_path": path, "branch": given["branch"]})


@blueprint.delete(_FILE)
def remove(project: str, path: str) -> tuple[str, int]:
    """Remove a file by one commit."""
    rights = readable_project(project)
    require_push(rights)
    _check_path(path)
    _commit_one(rights, path, "delete", read(*BRANCH_FIELDS, _MESSAGE, Field("last_commit_id")))
    return "", 204


def _commit_one(rights: ProjectRights, path: str, action: str, given: dict[str, Any]) -> None:
    if not may_commit_to(rights, given["branch"]):
        raise bad_request(NOT_ALLOWED)
    step = Action(
        action,
        path,
        content=given.get("content"),
        encoding=given.get("encoding") or "text",
        execute_filemode=given.get("execute_filemode"),
        last_commit_id=given.get("last_commit_id"),
    )
    commit_changes(rights, CommitRequest.of(given, [step]), stale=_STALE.get(action, ""))
