"""Clients that upload by every route and do not give up, and what they were promised."""

from __future__ import annotations

import hashlib
import io
import random
import secrets
import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Files = Mapping[str, bytes]
_TRY_AGAIN = frozenset({500, 502, 503, 504})
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Acknowledged:
    """An upload that was answered with a commit: what each path must have there, for ever."""

    dataset: int
    commit: str
    sha256: Mapping[str, str]
    session: str | None


@dataclass
class Promises:
    """What all uploaders together were told."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    surprises: list[str] = field(default_factory=list)
    server_errors: list[str] = field(default_factory=list)


def md5_of(data: bytes) -> str:
    """Return the md5 in hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def announce(files: Files) -> list[dict[str, object]]:
    """Return the rows that open a session."""
    return [{"path": path, "size": len(data), "md5": md5_of(data)} for path, data in files.items()]


def tar_of(files: Files) -> bytes:
    """Return a batch."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def some_files(folder: str, count: int) -> dict[str, bytes]:
    """Return files that nobody else has, one of them a text where there is room for it."""
    files = {
        f"{folder}/{number}.bin": secrets.token_bytes(random.randint(1, 20_000))
        for number in range(count)
    }
    if count > 2:
        files[f"{folder}/note.md"] = secrets.token_hex(200).encode()
    return files


class _Left(Exception):
    """The client has gone away."""


class Uploader:
    """One client with one token. Every step is said again until it has an answer or time is up.

    `leaves` is the chance that it never comes back after an answer to a commit that was lost.
    """

    def __init__(
        self,
        app_url: str,
        token: str,
        promises: Promises,
        *,
        limit_seconds: float = 90,
        leaves: float = 0.0,
    ) -> None:
        self._app_url = app_url
        self._headers = {"PRIVATE-TOKEN": token}
        self._promises = promises
        self._limit_seconds = limit_seconds
        self._leaves = leaves
        self._deadline = 0.0
        self._client = self._connect()

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def upload(self, dataset: int, files: Files, route: str) -> str | None:
        """Upload by `links`, `proxied` or `batch` in a session, or by `put` or `form` without one.

        Returns the commit that was answered, or None; what cannot be explained is noted.
        """
        self._deadline = time.monotonic() + self._limit_seconds
        if route in {"put", "form"}:
            return self._upload_at_once(dataset, files, route)
        body = {"branch": "main", "message": "crash", "files": announce(files)}
        begun = self._insist("POST", f"/datasets/{dataset}/uploads", json=body)
        if begun is None or begun.status_code != 201:
            self._surprise("begin", begun)
            return None
        session = begun.json()
        self._promises.sessions.add(session["id"])
        url = f"/datasets/{dataset}/uploads/{session['id']}"
        while time.monotonic() < self._deadline:
            self._send(url, session, files, route)
            try:
                done = self._commit(url)
            except _Left:
                return None
            if done is not None and done.status_code == 200:
                return self._note(dataset, str(done.json()["commit"]), files, session["id"])
            if done is None or done.status_code != 422:
                self._surprise("commit", done)
                return None
            session = self._look(url, session)  # some bytes did not arrive: send those
        self._surprise("in time", None)
        return None

    def _upload_at_once(self, dataset: int, files: Files, route: str) -> str | None:
        """Upload in one request; where its answer is lost, nothing was promised."""
        try:
            if route == "put":
                path, data = next(iter(files.items()))
                files = {path: data}
                url = f"/datasets/{dataset}/files/{path}"
                answer = self._ask("PUT", url, content=data)
            else:
                parts = [("files", (path, data)) for path, data in files.items()]
                answer = self._ask("POST", f"/datasets/{dataset}/files", files=parts)
        except httpx.TransportError:
            return None
        if answer.status_code == 201:
            return self._note(dataset, str(answer.json()["commit"]), files, None)
        if answer.status_code not in _TRY_AGAIN:
            self._surprise(route, answer)
        return None

    def _commit(self, url: str) -> httpx.Response | None:
        if random.random() >= self._leaves:
            return self._insist("POST", f"{url}/commit")
        try:
            done = self._ask("POST", f"{url}/commit")
        except httpx.TransportError as error:
            raise _Left from error
        if done.status_code in _TRY_AGAIN:
            raise _Left
        return done

    def _send(self, url: str, session: Mapping[str, Any], files: Files, route: str) -> None:
        missing = [one for one in session["files"] if one["state"] == "missing"]
        if route == "batch" and missing:
            self._insist(
                "POST",
                f"{url}/batch",
                content=tar_of({one["path"]: files[one["path"]] for one in missing}),
                headers={"Content-Type": "application/x-tar"},
            )
            return
        for one in missing:
            target = one["upload"]["url"]
            if route == "links" and not target.startswith("/"):
                self._follow(one["upload"], files[one["path"]])
            else:
                path = f"{url}/files/{one['path']}"
                self._insist("PUT", path, content=files[one["path"]])

    def _follow(self, upload: Mapping[str, Any], data: bytes) -> None:
        try:
            httpx.put(upload["url"], content=data, headers=upload["headers"], timeout=20)
        except httpx.TransportError:
            return  # the commit will say what is missing

    def _look(self, url: str, session: Mapping[str, Any]) -> Mapping[str, Any]:
        seen = self._insist("GET", url)
        return seen.json() if seen is not None and seen.status_code == 200 else session

    def _insist(self, method: str, path: str, **options: Any) -> httpx.Response | None:  # noqa: ANN401
        """Ask until there is an answer that is no outage; None if time is up."""
        answer = None
        while time.monotonic() < self._deadline:
            try:
                answer = self._ask(method, path, **options)
            except httpx.TransportError:
                self._client.close()
                self._client = self._connect()
            else:
                if answer.status_code not in _TRY_AGAIN:
                    return answer
            time.sleep(_PAUSE_SECONDS)
        return answer

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
        headers = {**self._headers, **options.pop("headers", {})}
        answer = self._client.request(method, f"/api/v1{path}", headers=headers, **options)
        if answer.status_code == 500:
            self._promises.server_errors.append(f"{method} {path}: {answer.text}")
        return answer

    def _connect(self) -> httpx.Client:
        return httpx.Client(base_url=self._app_url, timeout=30)

    def _note(self, dataset: int, commit: str, files: Files, session: str | None) -> str:
        sha256 = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
        self._promises.acknowledged.append(Acknowledged(dataset, commit, sha256, session))
        return commit

    def _surprise(self, step: str, answer: httpx.Response | None) -> None:
        said = "no answer" if answer is None else f"{answer.status_code} {answer.text[:300]}"
        self._promises.surprises.append(f"{step}: {said}")


ROUTES = ("links", "proxied", "batch", "put", "form")


def upload_until(
    stop: Callable[[int], bool],
    connect: Callable[[], Uploader],
    datasets: list[int],
    clients: int,
) -> int:
    """Let `clients` upload 1 to 40 files again and again until `stop(uploads begun)` says so.

    Returns how many uploads were begun. Every upload has a folder of its own: none may lose.
    """
    begun = 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal begun
        client = connect()
        while True:
            with guard:
                if stop(begun):
                    break
                begun += 1
                number = begun
            files = some_files(f"u{number}", random.choice((1, 1, 2, 3, 5, 8, 13, 40)))
            client.upload(random.choice(datasets), files, random.choice(ROUTES))
        client.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return begun
