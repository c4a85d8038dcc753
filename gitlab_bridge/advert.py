"""What a repository's branches and tags point to, asked with one plain HTTP request.

Source: git's `gitprotocol-http`, the reference discovery of `git-upload-pack` (protocol version 0).
"""

from __future__ import annotations

import base64
import os
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3

from core.errors import Forbidden, LabsetError, NotFound, Unauthenticated, Unavailable
from core.model.access import Actor
from gitlab_bridge.circuit import Circuit, Stalled
from gitlab_bridge.transport import retry_after_seconds, told_seconds

MAX_ADVERT_BYTES = 64 * 1024 * 1024
_TIMEOUT = urllib3.Timeout(connect=4.0, read=8.0)
_LONGEST_SECONDS = 9.0
_CHUNK_BYTES = 256 * 1024
_PEELED = "^{}"
_FLUSH = b"0000"  # the packet that ends a part; others begin with their length in four hex digits
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


class Moved(Exception):
    """The repository is not (or no longer) at this address; the path may have changed."""

    def __init__(self, refusal: LabsetError) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Advert:
    """Branches and tags with the objects (40 hex) that they name; tags also peeled to what they tag."""

    heads: dict[str, str]
    tags: dict[str, str]
    peeled: dict[str, str]

    @property
    def refs(self) -> dict[str, str]:
        """Full names of refs, as they stand in a mirror."""
        heads = {_HEADS + name: oid for name, oid in self.heads.items()}
        return heads | {_TAGS + name: oid for name, oid in self.tags.items()}


def credentials_header(actor: Actor) -> str | None:
    """Return the value of `Authorization` for git over HTTP; None for nobody.

    Source:  GITLAB.md GIT-8: the login `oauth2` serves personal and OAuth tokens alike.
    """
    if actor.token is None:
        return None
    pair = f"oauth2:{actor.token.reveal()}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


class _Line:
    """What one process keeps to ask with: connections and the threads that wait for answers."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.circuit = Circuit()
        self.pools: dict[str, urllib3.PoolManager] = {}

    def pool(self, url: str) -> urllib3.PoolManager:
        """Return the kept connections to the server of `url`."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.pools:
            self.pools[origin] = _new_pool(parts.scheme, parts.hostname or "")
        return self.pools[origin]


class AdvertReader:
    """Asks for advertisements over kept connections; a server that stalls is left alone a while."""

    def __init__(self) -> None:
        self._opened: _Line | None = None

    def read(self, url: str, actor: Actor) -> bytes:
        """Return the raw advertisement of the repository at `url`.

        Raises:  Moved, if there is nothing to see at this address; Unauthenticated, Forbidden,
                 Unavailable.
        """
        try:
            return self._line().circuit.run(lambda: self._ask(url, actor), _LONGEST_SECONDS)
        except Stalled as error:
            raise _no_answer() from error

    def _ask(self, url: str, actor: Actor) -> bytes:
        try:
            return self._read_once(url, actor)
        except urllib3.exceptions.ProtocolError:  # a kept connection that the server closed
            return self._read_again(url, actor)

    def _line(self) -> _Line:
        line = self._opened
        if line is None or line.pid != os.getpid():  # what a parent process keeps is not ours
            line = self._opened = _Line()
        return line

    def _read_again(self, url: str, actor: Actor) -> bytes:
        try:
            return self._read_once(url, actor)
        except urllib3.exceptions.ProtocolError as error:
            raise _no_answer() from error

    def _read_once(self, url: str, actor: Actor) -> bytes:
        authorization = credentials_header(actor)
        headers = {"Authorization": authorization} if authorization else {}
        deadline = time.monotonic() + _LONGEST_SECONDS
        try:
            response = (
                self._line()
                .pool(url)
                .request(
                    "GET",
                    f"{url}/info/refs?service=git-upload-pack",
                    headers=headers,
                    redirect=False,
                    retries=False,
                    timeout=_TIMEOUT,
                    preload_content=False,
                )
            )
            try:
                body = _read_body(response, deadline)
            finally:
                response.release_conn()
        except urllib3.exceptions.ProtocolError:
            raise
        except urllib3.exceptions.TimeoutError as error:
            raise Stalled from error
        except urllib3.exceptions.HTTPError as error:
            raise _no_answer() from error
        if response.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise _refusal(response, body, actor)
        return body


def parse_advert(body: bytes) -> Advert:
    """Read the advertisement; what is neither branch nor tag is passed over.

    Raises:  Unavailable, if it is none.
    """
    heads: dict[str, str] = {}
    tags: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in _ref_lines(body):
        oid, _, name = line.partition(" ")
        if name.startswith(_HEADS):
            heads[name.removeprefix(_HEADS)] = oid
        elif name.startswith(_TAGS) and name.endswith(_PEELED):
            peeled[name.removeprefix(_TAGS).removesuffix(_PEELED)] = oid
        elif name.startswith(_TAGS):
            tags[name.removeprefix(_TAGS)] = oid
    return Advert(heads, tags, peeled)


def _ref_lines(body: bytes) -> Iterator[str]:
    packets = list(_packets(body))
    head, tail = packets[:2], packets[2:]
    named = bool(head) and head[0].startswith(b"# service=git-upload-pack")
    if not named or head[1:] != [_FLUSH] or tail[-1:] != [_FLUSH]:
        raise _unreadable()  # also a torn one, which would look like branches that are gone
    for packet in tail[:-1]:
        line = packet.partition(b"\0")[0].rstrip(b"\n")
        try:
            yield line.decode("utf-8", "strict")
        except UnicodeDecodeError:
            continue  # a ref that nobody can type: git itself allows such names, Ref does not


def _packets(body: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(body):
        digits = body[start : start + len(_FLUSH)]
        if digits == _FLUSH:
            yield _FLUSH
            start += len(_FLUSH)
            continue
        try:
            end = start + int(digits, 16)
        except ValueError as error:
            raise _unreadable() from error
        if not start + len(_FLUSH) <= end <= len(body):
            raise _unreadable()
        yield body[start + len(_FLUSH) : end]
        start = end


def _unreadable() -> Unavailable:
    return Unavailable("What GitLab answered about the branches cannot be read.")


def _read_body(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    parts: list[bytes] = []
    size_bytes = 0
    for chunk in response.stream(_CHUNK_BYTES):
        parts.append(chunk)
        size_bytes += len(chunk)
        if size_bytes > MAX_ADVERT_BYTES:
            raise Unavailable("This repository has too many branches and tags to be read.")
        if time.monotonic() > deadline:
            raise _no_answer()
    return b"".join(parts)


def _refusal(response: urllib3.BaseHTTPResponse, body: bytes, actor: Actor) -> Exception:
    status = response.status
    if status == 401 and not actor.is_anonymous:  # noqa: PLR2004 - HTTP's names for it
        return Unauthenticated("GitLab refuses this token for git: sign in again.")
    if status in {301, 302, 307, 308, 401, 404}:
        return Moved(NotFound("There is no such dataset, or it is not for you."))
    if status == 403:  # noqa: PLR2004
        return Forbidden(sentence_of(body.decode("utf-8", "replace")))
    wait_seconds = retry_after_seconds(response.headers.get("Retry-After"))
    return Unavailable(
        f"GitLab answers {status} when asked for the branches; try again in a moment.",
        retry_after_seconds=told_seconds(wait_seconds),
    )


def sentence_of(text: str) -> str:
    """Return the first sentence that GitLab said, without its prefix and its full stop."""
    lines = (line.strip().removeprefix("GitLab:").strip() for line in text.splitlines())
    said = next((line for line in lines if line.strip("=- ")), "")
    return said[:500].rstrip(". ") or "GitLab does not allow this"


def _no_answer() -> Unavailable:
    return Unavailable("GitLab does not answer; try again in a moment.")


def _new_pool(scheme: str, host: str) -> urllib3.PoolManager:
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        return urllib3.ProxyManager(proxy, maxsize=16)
    return urllib3.PoolManager(maxsize=16)
