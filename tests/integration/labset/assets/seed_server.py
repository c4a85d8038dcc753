"""A small asset database with the seed's routes: as Labset answers, or as the original does.

The original (COMPAT 0.2) tells `error` or `message` alone, knows entries by URI only, tells no md5, has
no pages, ignores what stands in the address and sends no ranges.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mongomock.filtering import filter_applies

Json = dict[str, Any]


class Refused(Exception):
    """An answer that is none of success."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class SeedServer:
    """Keeps everything in memory; what tests turn stands in its attributes."""

    def __init__(self, *, is_original: bool = False, token: str = "", page: int = 1000) -> None:
        self.is_original = is_original
        self.token = token
        self.page = page
        self.entries: dict[str, Json] = {}
        self.objects: dict[str, bytes] = {}
        self.registry: dict[str, Json] = {}
        self.asked: list[tuple[str, str, str | None]] = []
        self.file_names: list[str | None] = []
        self.bodies: list[object] = []
        self.cuts: list[int] = []  # of the next objects, after so many bytes
        self.redirect = ""
        self.nonsense = b""  # answered instead of everything
        self.conflicts = 0  # changes that are refused first
        self.broken_uploads = 0  # that are kept, but not answered
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def asked_for(self, method: str, route: str) -> list[str]:
        """Return the targets that were asked for."""
        return [
            target for how, target, _ in self.asked if how == method and target.startswith(route)
        ]

    def keep(self, document: Json, data: bytes | None) -> Json:
        asset_id = str(uuid.uuid4())
        version = document.get("asset_version") or {}
        parts = (document["asset_name"], version.get("version"), version.get("tag"))
        uri = f"{parts[0]}:{parts[1]}-{parts[2]}" if all(parts) else ""
        if any(one["asset_uri"] == uri for one in self.entries.values() if uri):
            raise Refused(409, "asset_exists", f"{uri} is there already.")
        entry = {
            "asset_uri": uri,
            "asset_id": asset_id,
            "asset_metadata": {},
            "asset_tags": [],
            "asset_public_url": "",
            "asset_file_info": {},
            **document,
        }
        if data is not None:
            self.objects[asset_id] = data
            entry["asset_public_url"] = f"{self.url}/asset-object/{asset_id}"
            entry["asset_file_info"] = self._info(data)
        self.entries[asset_id] = entry
        return entry

    def find(self, key: str) -> Json:
        for entry in self.entries.values():
            if key == entry["asset_uri"] or (key == entry["asset_id"] and not self.is_original):
                return entry
        raise Refused(404, "asset_not_found", f"There is no asset {key}.")

    def _info(self, data: bytes) -> Json:
        if self.is_original:
            return {"file_type": "application/octet-stream", "file_size": 0}
        digests = {name: hashlib.new(name, data).hexdigest() for name in ("md5", "sha256")}
        return {"size": len(data), "format": "application/octet-stream", **digests}


def _bytes_of(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def _handler(server: SeedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Answering):
        seed = server

    return Handler


class _Answering(BaseHTTPRequestHandler):
    seed: SeedServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def handle(self) -> None:
        with suppress(ConnectionError):  # who read enough has left
            super().handle()

    def do_GET(self) -> None:
        self._run(
            {
                "asset": lambda key: self._data(self.seed.find(key)),
                "asset-object": self._object,
                "asset_registry": lambda key: self._data(self._entry(key)),
                "check_health": self._health,
            }
        )

    def do_POST(self) -> None:
        self._run(
            {
                "upload_asset": self._upload,
                "asset": self._create,
                "assets": lambda _: self._query(list(self.seed.entries.values())),
                "asset_registry": self._register,
                "asset_registries": lambda _: self._query(list(self.seed.registry.values())),
                "api": self._from_dataset,
            }
        )

    def do_PUT(self) -> None:
        self._run({"asset": self._change, "asset_registry": self._change_entry})

    def do_DELETE(self) -> None:
        self._run({"asset": self._delete, "asset_registry": self._delete_entry})

    def _run(self, routes: dict[str, Any]) -> None:
        self.seed.asked.append((self.command, self.path, self.headers.get("Authorization")))
        is_chunked = self.headers.get("Transfer-Encoding") == "chunked"
        self._body = b"".join(self._chunks()) if is_chunked else self.rfile.read(self._length())
        if self.seed.nonsense:
            self._send(200, self.seed.nonsense, {})
            return
        _, route, *rest = urlsplit(self.path).path.split("/", 2)
        try:
            self._check_token()
            routes[route](unquote(rest[0]) if rest else "")
        except Refused as refused:
            told: Json = {"success": False, "error": refused.code, "message": refused.message}
            if self.seed.is_original:
                del told["error" if route in {"upload_asset", "asset-object"} else "message"]
                told = {name: refused.message if value else value for name, value in told.items()}
            self._answer(told, refused.status)

    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            assert self.rfile.readline() == b"\r\n"
        assert self.rfile.readline() == b"\r\n"

    def _check_token(self) -> None:
        told = self.headers.get("Authorization")
        if self.seed.token and told != f"Bearer {self.seed.token}" and self.command != "GET":
            raise Refused(401, "unauthenticated", "Say who you are: send a token.")

    def _json(self) -> Json:
        body: Json = json.loads(self._body)
        self.seed.bodies.append(body)
        return body

    def _answer(self, body: Json, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str], cut: int = 10**9) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = self.close_connection or cut < len(body)
        self.wfile.write(body[:cut])

    def _data(self, data: object, status: int = 200) -> None:
        self._answer({"success": True, "data": data}, status)

    # ---- assets -----------------------------------------------------------------------------

    def _upload(self, _: str) -> None:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(head + self._body)
        parts = {
            part.get_param("name", header="content-disposition"): part for part in message.walk()
        }
        if "asset" not in parts:
            raise Refused(400, "no_file", "No file part")
        document = json.loads(_bytes_of(parts["asset_metadata"]))
        self.seed.bodies.append(document)
        version = document.get("asset_version") or {}
        if not (version.get("version") and version.get("tag")):
            raise Refused(400, "invalid", "Both version and tag are required in asset_version")
        self.seed.file_names.append(parts["asset"].get_filename())
        entry = self.seed.keep(document, _bytes_of(parts["asset"]))
        if self.seed.broken_uploads:
            self.seed.broken_uploads -= 1
            self.close_connection = True
            return
        told = {"asset_uri": entry["asset_uri"], "asset_id": entry["asset_id"]}
        self._answer({"success": True, **told, "public_url": entry["asset_public_url"]}, 201)

    def _create(self, _: str) -> None:
        entry = self.seed.keep(self._json(), None)
        self._data({"message": "Asset created", "id": entry["asset_id"]}, 201)

    def _from_dataset(self, path: str) -> None:
        body = self._json()
        told = {"asset_name": body["path"], "asset_version": {"version": "v1", "tag": "01234567"}}
        entry = self.seed.keep({**told, "about": path}, b"of a dataset")
        told = {"asset_uri": entry["asset_uri"], "asset_id": entry["asset_id"]}
        self._answer({"success": True, **told, "public_url": ""}, 201)

    def _change(self, key: str) -> None:
        entry = self.seed.find(key)
        if self.seed.conflicts:
            self.seed.conflicts -= 1
            entry["asset_tags"] = [*entry["asset_tags"], "meanwhile"]
            raise Refused(409, "conflict", "Somebody was faster.")
        entry.update(self._json())
        self._data({"message": "Asset updated"})

    def _delete(self, key: str) -> None:
        del self.seed.entries[self.seed.find(key)["asset_id"]]
        self._data({"message": "Asset deleted"})

    def _query(self, documents: list[Json]) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        question = self._json()
        found = [one for one in documents if filter_applies(question, one)]  # type: ignore[no-untyped-call]
        if asked.get("scope") == "third-party":
            rows = [{**one, "asset_registry_id": "r1"} for one in found]
            told = [
                {"asset_registry_id": "r1", "asset_registry_name": "One", "ok": True, "found": 1},
                {"asset_registry_id": "r2", "asset_registry_name": "Two", "problem": "too slow"},
            ]
            left_out = {"asset_registry_id": "r3", "asset_registry_name": "Three", "problem": "ill"}
            unasked = {"not_asked": [left_out], "further_not_asked": 4}
            self._answer({"success": True, "data": rows, "asked": told, **unasked})
            return
        if self.seed.is_original:
            self._data(found)
            return
        start = int(asked.get("cursor", "0"))
        end = start + min(self.seed.page, int(asked.get("limit", "1000")))
        more = str(end) if end < len(found) else None
        self._answer({"success": True, "data": found[start:end], "next": more})

    def _object(self, asset_id: str) -> None:
        if self.seed.redirect:
            self._send(302, b"", {"Location": self.seed.redirect})
            return
        data = self.seed.objects.get(asset_id)
        if data is None:
            raise Refused(404, "asset_not_found", "File not found")
        cut = self.seed.cuts.pop(0) if self.seed.cuts else 10**9
        told = self.headers.get("Range", "")
        if self.seed.is_original or not told:
            self._send(200, data, {} if self.seed.is_original else {"ETag": '"e"'}, cut)
            return
        start = int(told.removeprefix("bytes=").partition("-")[0])
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206, data[start:], {"ETag": '"e"', "Content-Range": span}, cut)

    # ---- registry ---------------------------------------------------------------------------

    def _entry(self, key: str) -> Json:
        if key not in self.seed.registry:
            status = 500 if self.seed.is_original else 404
            raise Refused(status, "registry_entry_not_found", "asset DB not found")
        return self.seed.registry[key]

    def _register(self, _: str) -> None:
        entry_id = str(uuid.uuid4())
        body = self._json()
        is_well = not body["asset_registry_public_url"].endswith("unwell")
        health = {"ok": is_well, "seconds": 0.01, "problem": None if is_well else "no answer"}
        mine = {} if self.seed.is_original else {"health": health}
        self.seed.registry[entry_id] = {"asset_registry_id": entry_id, **body, **mine}
        self._data({"message": "Asset registry created", "id": entry_id}, 201)

    def _change_entry(self, key: str) -> None:
        self._entry(key).update(self._json())
        self._data({"message": "Asset registry updated"})

    def _delete_entry(self, key: str) -> None:
        self._entry(key)
        del self.seed.registry[key]
        self._data({"message": "Asset registry deleted"})

    def _health(self, key: str) -> None:
        entry = self._entry(key)
        if self.seed.is_original:
            self._data({"success": True, "message": "healthy"})
            return
        told = {"status": "healthy" if entry["health"]["ok"] else "unhealthy", **entry["health"]}
        self._data({**told, "history": [entry["health"]]})
