"""Send a file to an asset database: one multipart body, streamed from the disk."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from labset.assets.answers import address_of, ask_body, json_bytes, object_in, read_body
from labset.assets.model import Asset, Draft, Json
from labset.assets.queries import Question, ask_rows
from labset.assets.source import AssetSource
from labset.errors import Conflict, Damaged, Misused, NotFound, Unreachable
from labset.local.hash_cache import HashCache, Signature
from labset.local.kept_folders import state_folder
from labset.transport.connection import Connection
from labset.transport.patience import Patience
from labset.transport.server_wire import ServerWire
from labset.transport.wire import BLOCK_BYTES, Pieces
from labset.upload.hashing import changed, check_unchanged, hash_files, open_unchanged
from labset.upload.sources import LocalFile
from labset.watch import Watch

_ATTEMPTS = 3
_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # as browsers do


def push(
    connection: Connection, draft: Draft, path: Path, site_id: int | None, watch: Watch
) -> Asset:
    """Send a file as a new asset; one that is there with the same bytes is returned as it is.

    Raises:  Conflict: `asset_exists`, before anything is sent, where other bytes have the URI; `changed`,
             for a file that somebody writes to. Damaged, if the server has other bytes than were sent.
    """
    local = _local_file(path)
    check_named(draft)
    known = _find_same(connection, draft, local, watch)
    if known is not None and _has_bytes(connection, known):
        watch.say(f"{draft.uri} is there already, with the same bytes: nothing was sent.")
        return known
    if not local.size:
        watch.say(f"Warning: {path} is empty.")
    sending = _Sending(connection, draft, local, watch)
    try:
        told = sending.run(site_id)
    finally:
        sending.close()
    asset = told if isinstance(told, Asset) else find_again(connection, draft, told)
    check_arrived(asset, sending.md5, local.size)
    return asset


def find_asset(connection: Connection, key: str) -> Asset:
    """Return the entry of a URI or id. Raises NotFound."""
    body = ask_body(connection, "GET", address_of("asset", key))
    return Asset.parse(object_in(body))


def find_again(connection: Connection, draft: Draft, told: Json) -> Asset:
    """Return the entry that was just made, as the server has it, else as far as it is known."""
    made = object_in(told)
    asset_id = str(made.get("asset_id") or made.get("id") or "")
    for key in (draft.uri, asset_id):
        with suppress(NotFound, Misused):  # some servers know one of them only
            return find_asset(connection, key)
    url = made.get("public_url") or draft.public_url
    known = {"asset_uri": draft.uri, "asset_id": asset_id, "asset_public_url": url}
    return Asset.parse({**draft.document(), **known})


class _Sending:
    """One file on its way; what broke is tried again, unless it has arrived all the same."""

    def __init__(
        self, connection: Connection, draft: Draft, local: LocalFile, watch: Watch
    ) -> None:
        self._connection = connection
        self._wire = ServerWire(connection)
        self._draft = draft
        self._local = local
        self._watch = watch
        self._told_bytes = 0
        self.md5 = ""

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def run(self, site_id: int | None) -> Json | Asset:
        """Return what the server answered, or the entry that a broken attempt left."""
        params = {} if site_id is None else {"site": str(site_id)}
        if not self._local.size:
            params["empty"] = "1"  # it is meant to be
        self._watch.begin("Uploading", 1, self._local.size)
        told = self._persist(params)
        self._watch.advance(1)
        self._watch.end()
        return told

    def _persist(self, params: dict[str, str]) -> Json | Asset:
        patience, attempt = Patience(), 1
        while True:
            try:
                return self._send(params)
            except Unreachable as problem:
                if attempt == _ATTEMPTS:
                    raise
                patience.wait(problem)
            attempt += 1
            arrived = _find_same(self._connection, self._draft, self._local, self._watch)
            if arrived is not None:
                return arrived

    def _send(self, params: dict[str, str]) -> Json:
        boundary = secrets.token_hex(16)
        head, tail = form_frame(self._draft, self._local.path, boundary)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        size = len(head) + self._local.size + len(tail)
        body = Pieces(size, lambda: self._pieces(head, tail))
        with self._wire.ask("POST", "/upload_asset", params, headers, body) as answer:
            text = answer.read()
        return read_body(text, self._connection.server)

    def _pieces(self, head: bytes, tail: bytes) -> Iterator[bytes]:
        """Yield the body; the bytes are hashed as they go."""
        self._take_back()
        digest = hashlib.md5(usedforsecurity=False)
        left = self._local.size
        yield head
        opened = open_unchanged(self._local)
        try:
            while left and (block := os.read(opened, min(BLOCK_BYTES, left))):
                digest.update(block)
                left -= len(block)
                yield block
                self._told_bytes += len(block)
                self._watch.advance(0, len(block))
            check_unchanged(self._local, os.fstat(opened))
        finally:
            os.close(opened)
        if left:
            raise changed(self._local)
        self.md5 = digest.hexdigest()
        yield tail

    def _take_back(self) -> None:
        """Take back what an attempt told that came to nothing."""
        self._watch.advance(0, -self._told_bytes)
        self._told_bytes = 0


def form_frame(draft: Draft, file_name: str, boundary: str) -> tuple[bytes, bytes]:
    """Return what stands before and behind the bytes: what is told goes first.

    Source:  RFC 7578; file names as browsers quote them.
    """
    told = json_bytes(draft.document()).decode()
    name = file_name.encode("utf-8", "replace").decode().translate(_QUOTED)
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="asset_metadata"\r\n\r\n'
        f"{told}\r\n"
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="asset"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


def _local_file(path: Path) -> LocalFile:
    """Return a file as it is now. Raises Misused."""
    try:
        status = path.stat()
    except OSError as problem:
        raise Misused(f"{path}: {problem.strerror}.", "nothing_found") from problem
    if not stat.S_ISREG(status.st_mode):
        raise Misused(f"{path} is no file: an asset is one file. Pack a folder first.")
    return LocalFile(str(path), path.name, Signature.of(status))


def check_named(draft: Draft) -> None:
    """Refuse, before a byte is sent, what every asset database refuses after the last one."""
    if not draft.name:
        raise Misused("asset_name is required", details={"field": "asset_name"})
    if not draft.uri:
        raise Misused(
            "Both version and tag are required in asset_version: a file is found by name:version-tag.",
            details={"field": "asset_version"},
        )


def _find_same(
    connection: Connection, draft: Draft, local: LocalFile, watch: Watch
) -> Asset | None:
    """Return the entry that has the URI, if it has these bytes.

    None, where there is none, or one of which nothing is told: the server decides then.
    Raises:  Conflict (`asset_exists`), if it has other bytes.
    """
    known = _find_own(connection, draft.uri)
    if known is None:
        return None
    is_other = known.size is not None and known.size != local.size
    if not is_other and not known.md5:
        return None
    if is_other or known.md5 != _md5_of(local, watch):
        raise Conflict(
            f"{draft.uri} is there already, with other bytes: choose another version or tag.",
            "asset_exists",
            {"asset_uri": draft.uri, "asset_id": known.id},
        )
    return known


def _find_own(connection: Connection, uri: str) -> Asset | None:
    """Return the entry of a URI in this very database, whatever others keep in the same records."""
    question = Question({"asset_uri": uri}, limit=1, params={"mine": "1"})
    try:
        found = [Asset.parse(row) for row in ask_rows(connection, "/assets", question)]
    except NotFound:  # so some servers say that there is none
        return None
    return next((one for one in found if one.uri == uri), None)


def _has_bytes(connection: Connection, asset: Asset) -> bool:
    """Whether the site still has what the entry tells of; sending the same again mends that."""
    source = AssetSource(connection, asset)
    try:
        with source.open():
            return True
    except (NotFound, Damaged):
        return False
    finally:
        source.close()


def _md5_of(local: LocalFile, watch: Watch) -> str:
    with HashCache(state_folder() / "hashes.sqlite") as hashes:
        return hash_files([local], hashes, watch)[0]


def check_arrived(asset: Asset, md5: str, size_bytes: int) -> None:
    """Hold what the server says it has against what was sent. Raises Damaged."""
    if not md5 or ((asset.md5 or md5) == md5 and (asset.size or size_bytes) == size_bytes):
        return
    raise Damaged(
        f"{asset.key} has other bytes than were sent: delete it with `labset assets rm`, push it again.",
        details={"md5": md5},
    )
