"""Git over smart HTTP: rights decided here, the protocol spoken by the real `git http-backend`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from flask import Blueprint, Response, request

from devstack.gitlab.git_rights import GitCaller, admit
from devstack.gitlab.pushes import Push, finish_push, push_environment
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from collections.abc import Iterator

blueprint = Blueprint("git_http", __name__)

SERVICES = ("git-upload-pack", "git-receive-pack")
_CHUNK_BYTES = 1 << 16
_PIPE_BYTES = 1 << 15  # what surely fits into a pipe without anybody reading
_HOOKS = Path(__file__).parent / "githooks"
_GIT = shutil.which("git") or "git"
_CONFIGURATION = {
    "core.hooksPath": str(_HOOKS),
    "core.fsync": "committed,reference",
    "core.fsyncMethod": "fsync",
    "receive.fsckObjects": "true",
    "receive.autogc": "false",
    "receive.denyCurrentBranch": "ignore",
    "receive.denyDeleteCurrent": "ignore",
    "receive.advertisePushOptions": "true",
    "gc.auto": "0",
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "safe.directory": "*",
    "transfer.hideRefs": "refs/keep-around",
}
_IDENTITY = {"GIT_COMMITTER_NAME": "GitLab", "GIT_COMMITTER_EMAIL": "noreply@localhost"}


@blueprint.get("/<rest:path>.git/info/refs")
def advertise(path: str) -> Response:
    """List the refs: the start of every fetch and push."""
    service = request.args.get("service", "")
    if service not in SERVICES:
        return Response(
            "Dumb HTTP is not served; use a git client of version 1.6.6 or newer.\n",
            403,
            content_type="text/plain",
        )
    admitted = admit(path, writing=service == "git-receive-pack")
    return _stream(_Backend(admitted, "info/refs", None))


@blueprint.post("/<rest:path>.git/git-upload-pack")
def fetch(path: str) -> Response:
    """Send objects."""
    admitted = admit(path, writing=False)
    with _request_body() as body:
        return _stream(_Backend(admitted, "git-upload-pack", body))


@blueprint.post("/<rest:path>.git/git-receive-pack")
def push(path: str) -> Response:
    """Take objects and move refs as far as the caller's rights go; answer when all that follows is done."""
    admitted = admit(path, writing=True)
    with _request_body() as body, tempfile.NamedTemporaryFile(dir=_temporary_folder()) as report:
        environment = push_environment(admitted.rights, Path(report.name))
        backend = _Backend(admitted, "git-receive-pack", body, environment)
        answer = b"".join(backend.output())
        moved = Path(report.name).read_text(encoding="utf-8")
        finish_push(Push.of_report(admitted.rights, moved))
    return Response(answer, backend.status, backend.headers)


@blueprint.get("/<rest:path>/info/refs")
def without_suffix(path: str) -> Response:
    """Lead clients that left `.git` out to the right address."""
    query = request.query_string.decode("latin-1")
    return Response("", 301, {"Location": f"{here().external_url}/{path}.git/info/refs?{query}"})


def _temporary_folder() -> Path:
    folder = here().home / "tmp"
    folder.mkdir(exist_ok=True)
    return folder


def _request_body() -> tempfile.SpooledTemporaryFile[bytes]:
    """Take the whole body before git starts: in memory as long as it is small, else in a file.

    A body that breaks off never reaches git, and a slow sender never holds a process.
    """
    folder = str(_temporary_folder())
    body = tempfile.SpooledTemporaryFile(_PIPE_BYTES, dir=folder)  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(request.stream, body, _CHUNK_BYTES)
    body.seek(0)
    return body


class _Backend:
    """One run of `git http-backend`: started by the constructor, which returns when the headers are known."""

    def __init__(
        self,
        admitted: GitCaller,
        service: str,
        body: IO[bytes] | None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Start git; `body` is read from its beginning."""
        small, source = _split(body)
        self._process = subprocess.Popen(
            [_GIT, "http-backend"],
            env={**_environment(admitted, service, body), **(environment or {})},
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=here().home,
        )
        if small is not None and self._process.stdin is not None:
            _feed(self._process.stdin, small)
        self.status, self.headers = _headers(self._stdout)

    @property
    def _stdout(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise RuntimeError("git was started without a pipe")
        return self._process.stdout

    def output(self) -> Iterator[bytes]:
        """Return git's answer piece by piece; ends git, if nobody wants the rest."""
        try:
            while chunk := self._stdout.read1(_CHUNK_BYTES):  # type: ignore[attr-defined] # a BufferedReader
                yield chunk
        finally:
            self._stdout.close()
            self._end()

    def _end(self) -> None:
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _split(body: IO[bytes] | None) -> tuple[bytes | None, IO[bytes] | int]:
    """Return either bytes small enough for a pipe, or the file to read from."""
    if body is None:
        return None, subprocess.DEVNULL
    rolled: bool = getattr(body, "_rolled", True)
    return (None, body) if rolled else (body.read(), subprocess.PIPE)


def _feed(pipe: IO[bytes], data: bytes) -> None:
    try:
        pipe.write(data)
        pipe.close()
    except BrokenPipeError:  # git refused before it read everything; its answer says why
        return


def _environment(admitted: GitCaller, service: str, body: IO[bytes] | None) -> dict[str, str]:
    """Return the CGI variables and nothing of our own environment but the search path."""
    server = here()
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(server.home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_PROJECT_ROOT": str(server.home / "repositories"),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{admitted.rights.project.id}.git/{service}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode("latin-1"),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_ADDR": request.remote_addr or "",
        "REMOTE_USER": admitted.name,
        "LC_ALL": "C.UTF-8",
        **_IDENTITY,
        **_configuration(),
    }
    if body is not None:
        environment["CONTENT_LENGTH"] = str(body.seek(0, 2))
        body.seek(0)
    for variable, header in (
        ("HTTP_CONTENT_ENCODING", "Content-Encoding"),
        ("GIT_PROTOCOL", "Git-Protocol"),
    ):
        if header in request.headers:
            environment[variable] = request.headers[header]
    return environment


def _configuration() -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(_CONFIGURATION))}
    for number, (key, value) in enumerate(_CONFIGURATION.items()):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables


def _headers(stdout: IO[bytes]) -> tuple[int, list[tuple[str, str]]]:
    """Read the CGI headers off git's output."""
    status, headers = 200, []
    while line := stdout.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return status if headers or status != 200 else 500, headers  # noqa: PLR2004 - HTTP


def _stream(backend: _Backend) -> Response:
    return Response(backend.output(), backend.status, backend.headers, direct_passthrough=True)
