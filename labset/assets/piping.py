"""Send what comes out of a pipe to an asset database: nobody knows its size, and it comes once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from typing import BinaryIO

from labset.assets.answers import read_body
from labset.assets.model import Asset, Draft
from labset.assets.pushing import check_arrived, check_named, find_again, form_frame
from labset.errors import LabsetError, Misused, Unreachable
from labset.transport.connection import Connection
from labset.transport.server_wire import ServerWire
from labset.transport.wire import BLOCK_BYTES, Stream
from labset.watch import Watch


def push_stream(
    connection: Connection,
    draft: Draft,
    stream: BinaryIO,
    file_name: str,
    site_id: int | None,
    watch: Watch,
) -> Asset:
    """Send a stream to its end as a new asset; the server says at the end whether its URI was free.

    Raises:  Misused, for a stream without a byte, or a draft that lacks a name, version or tag; Unreachable:
             nothing is tried again, since what was read of a stream is gone. Damaged.
    """
    check_named(draft)
    first = stream.read(BLOCK_BYTES)
    if not first:
        raise Misused("There is nothing to send: the stream ended before its first byte.")
    sending = _Sending(draft, file_name, stream, first, watch)
    wire = ServerWire(connection)
    params = {} if site_id is None else {"site": str(site_id)}
    watch.begin("Uploading", 0, 0)
    try:
        body = Stream(sending.pieces())
        with wire.ask("POST", "/upload_asset", params, sending.headers, body) as answer:
            told = read_body(answer.read(), connection.server)
    except Unreachable as problem:
        words = f"{problem.message} What was sent is gone: begin the stream anew."
        raise LabsetError(words, problem.code, problem.details) from problem
    finally:
        wire.close()
    watch.advance(1)
    watch.end()
    asset = find_again(connection, draft, told)
    check_arrived(asset, sending.md5, sending.size_bytes)
    return asset


class _Sending:
    """The body of one form; the bytes are counted and hashed as they go."""

    def __init__(
        self, draft: Draft, file_name: str, stream: BinaryIO, first: bytes, watch: Watch
    ) -> None:
        boundary = secrets.token_hex(16)
        self.headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        self._head, self._tail = form_frame(draft, file_name, boundary)
        self._stream = stream
        self._first = first
        self._watch = watch
        self._digest = hashlib.md5(usedforsecurity=False)
        self.size_bytes = 0

    @property
    def md5(self) -> str:
        """Of what has gone so far."""
        return self._digest.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body, once."""
        yield self._head
        block = self._first
        while block:
            self._digest.update(block)
            self.size_bytes += len(block)
            yield block
            self._watch.advance(0, len(block))
            block = self._stream.read(BLOCK_BYTES)
        yield self._tail
