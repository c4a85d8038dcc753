"""A lean client of Labset's API: kept connections, a few threads, nothing clever."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

THREADS = 8
BATCH_BYTES = 32 * 1024 * 1024


class Client:
    """Calls of one person; each thread keeps its own connections."""

    def __init__(self, api: str, token: str) -> None:
        self._api = urlsplit(api)
        self._token = token
        self._kept = threading.local()

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever JSON comes
        """Send and receive JSON."""
        data = None if body is None else json.dumps(body).encode()
        return json.loads(
            self.send(method, self._api.path + path, data, "application/json") or b"null"
        )

    def send(self, method: str, target: str, data: bytes | None, media_type: str) -> bytes:
        """Send bytes to Labset; return the answer's bytes."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media_type}
        return self._exchange(self._api.netloc, method, target, data, headers)

    def follow(self, upload: Mapping[str, Any], data: bytes) -> None:
        """Send a file's bytes where a session's answer says."""
        url = urlsplit(upload["url"])
        if not url.netloc:
            self.send(upload["method"], upload["url"], data, "application/octet-stream")
            return
        target = f"{url.path}?{url.query}"
        self._exchange(url.netloc, upload["method"], target, data, dict(upload["headers"]))

    def _exchange(
        self, host: str, method: str, target: str, data: bytes | None, headers: dict[str, str]
    ) -> bytes:
        connection = self._connection(host)
        connection.request(method, target, data, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {target}: {answer.status} {text[:400].decode()}")
        return text

    def _connection(self, host: str) -> http.client.HTTPConnection:
        kept: dict[str, http.client.HTTPConnection] = self._kept.__dict__
        if host not in kept:
            kept[host] = http.client.HTTPConnection(host, timeout=120)
        return kept[host]


def new_dataset(client: Client, name: str, kind: str = "s3") -> int:
    """Create a dataset in `lab`, bound to the demo's site of that kind."""
    made = client.call("POST", "/datasets", {"name": name, "namespace": "lab", "kind": "album"})
    site = next(one for one in client.call("GET", "/storage-sites") if one["kind"] == kind)
    client.call("PUT", f"/datasets/{made['id']}/storage-site", {"site_id": site["id"]})
    return int(made["id"])


def upload(
    client: Client,
    dataset: int,
    folder: Path,
    send: Callable[[Client, Sequence[dict[str, Any]], Path, str], None],
) -> str:
    """Upload a folder by one session and one commit; `send` brings the bytes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with ThreadPoolExecutor(2) as pool:
        announced = list(pool.map(lambda path: _announce(path, folder), paths))
    base = f"/datasets/{dataset}/uploads"
    session = client.call("POST", base, {"branch": "main", "message": "bench", "files": announced})
    missing = [one for one in session["files"] if one["state"] == "missing"]
    send(client, missing, folder, f"{base}/{session['id']}")
    return str(client.call("POST", f"{base}/{session['id']}/commit")["commit"])


def by_links(client: Client, missing: Sequence[dict[str, Any]], folder: Path, _: str) -> None:
    """One request per file, where the session's answer says (straight to S3 if it may)."""
    with ThreadPoolExecutor(THREADS) as pool:
        _all(
            pool.map(
                lambda one: client.follow(one["upload"], (folder / one["path"]).read_bytes()),
                missing,
            )
        )


def one_by_one(
    client: Client, missing: Sequence[dict[str, Any]], folder: Path, session: str
) -> None:
    """One request per file, all through Labset."""

    def put(one: dict[str, Any]) -> None:
        target = f"/api/v1{session}/files/{one['path']}"
        client.send("PUT", target, (folder / one["path"]).read_bytes(), "application/octet-stream")

    with ThreadPoolExecutor(THREADS) as pool:
        _all(pool.map(put, missing))


def in_batches(
    client: Client, missing: Sequence[dict[str, Any]], folder: Path, session: str
) -> None:
    """Tar streams of many files."""
    for group in _groups(missing):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for one in group:
                info = tarfile.TarInfo(one["path"])
                info.size = one["size"]
                with (folder / one["path"]).open("rb") as file:
                    archive.addfile(info, file)
        client.send("POST", f"/api/v1{session}/batch", buffer.getvalue(), "application/x-tar")


def _groups(missing: Sequence[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    size_bytes = 0
    for one in missing:
        group.append(one)
        size_bytes += one["size"]
        if size_bytes >= BATCH_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _announce(path: Path, folder: Path) -> dict[str, Any]:
    data = path.read_bytes()
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return {"path": path.relative_to(folder).as_posix(), "size": len(data), "md5": digest}


def _all(results: Iterable[None]) -> None:
    for _ in results:
        pass
