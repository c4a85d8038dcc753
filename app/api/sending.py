"""Send bytes: conditions, ranges, headers, and rights asked again while a stream runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from flask import Response, request

from app.api.sniffing import HEAD_BYTES, safe_type
from core.errors import LabsetError, RangeUnsatisfiable
from core.model.storage import ByteRange, OpenObject

ASK_AGAIN_SECONDS = 5.0
_PIECE_BYTES = 256 * 1024  # even a slow client takes one in little time
_MOST_DIGITS = 19  # more than any file has bytes
CACHED_FOR_EVER = "private, max-age=31536000, immutable"
REVALIDATED = "private, no-cache"
OCTETS = "application/octet-stream"
_SANDBOX = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True)
class Sendable:
    """Something to send: `open` gives its bytes (or a range), `still_allowed` raises if not."""

    etag: str
    size_bytes: int
    name: str
    open: Callable[[ByteRange | None], OpenObject]
    still_allowed: Callable[[], object]


def send(item: Sendable, *, cache_control: str, inline: bool = False) -> Response:
    """Answer 200, 206, 304 or 416 for a GET or HEAD; the caller's rights were asked before.

    The chunks hold back the end until it is proven: a wrong byte breaks the connection.
    """
    etag = f'"{item.etag}"'
    if etag_matches(etag):
        return dress(Response(status=HTTPStatus.NOT_MODIFIED), etag, cache_control)
    byte_range = asked_range(item.size_bytes, etag)
    of_kind = _head if request.method == "HEAD" else partial(_body, byte_range=byte_range)
    response = of_kind(item, inline=inline)
    if byte_range is not None:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response.headers["Content-Range"] = (
            f"bytes {byte_range.first}-{byte_range.last}/{item.size_bytes}"
        )
    length = byte_range.length_bytes if byte_range else item.size_bytes
    response.headers["Content-Length"] = str(length)
    return dress(response, etag, cache_control)


def dress(response: Response, etag: str, cache_control: str) -> Response:
    """Add what every answer about a file carries."""
    headers = response.headers
    headers["ETag"] = etag
    headers["Accept-Ranges"] = "bytes"
    headers["Cache-Control"] = cache_control
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = _SANDBOX
    return response


def etag_matches(etag: str) -> bool:
    """Whether `If-None-Match` names what we have."""
    asked = request.headers.get("If-None-Match")
    if asked is None:
        return False
    tags = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return "*" in tags or etag in tags


def asked_range(size_bytes: int, etag: str) -> ByteRange | None:
    """Return the one range that is asked for; several, or none that we understand, mean all.

    Raises:  RangeUnsatisfiable, for one outside the file.
    Source:  RFC 9110 14.2.
    """
    text = request.headers.get("Range")
    condition = request.headers.get("If-Range")
    if text is None or (condition is not None and condition.strip() != etag):
        return None
    unit, _, spec = text.partition("=")
    first, dash, last = spec.strip().partition("-")
    numbers = [part.strip() for part in (first, last)]
    if unit.strip().lower() != "bytes" or not dash or not all(map(_is_number_or_empty, numbers)):
        return None
    return _resolved(_cut(numbers[0]), _cut(numbers[1]), size_bytes)


def _is_number_or_empty(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit())


def _cut(digits: str) -> str:
    """Return a number's digits, of those that lie behind every file the least that do."""
    plain = digits.lstrip("0") or digits[:1]
    return plain if len(plain) <= _MOST_DIGITS else "9" * _MOST_DIGITS


def _resolved(first: str, last: str, size_bytes: int) -> ByteRange | None:
    if not first:
        if not last:
            return None
        start, end = max(0, size_bytes - int(last)), size_bytes - 1
        if int(last) == 0:
            raise RangeUnsatisfiable(size_bytes)
    else:
        start = int(first)
        end = min(int(last), size_bytes - 1) if last else size_bytes - 1
        if last and int(last) < start:
            return None
    if start >= size_bytes:
        raise RangeUnsatisfiable(size_bytes)
    return ByteRange(start, end)


def _head(item: Sendable, *, inline: bool) -> Response:
    response = Response(status=HTTPStatus.OK, mimetype=OCTETS)
    return _shown(response, item.name, _type_of(item) if inline and item.size_bytes else None)


def _body(item: Sendable, *, byte_range: ByteRange | None, inline: bool) -> Response:
    opened = item.open(byte_range)
    chunks = opened.chunks
    media_type = None
    if inline:
        first, chunks = _peeked(chunks)
        media_type = safe_type(first) if not byte_range or not byte_range.first else _type_of(item)
    stream = watched(chunks, item.still_allowed)
    response = Response(stream, mimetype=OCTETS, direct_passthrough=True)
    return _shown(response, item.name, media_type)


def _shown(response: Response, name: str, media_type: str | None) -> Response:
    """Let browsers show what is of a safe type, and keep the rest."""
    if media_type:
        response.headers["Content-Type"] = media_type
    return named(response, name, "inline" if media_type else "attachment")


def _type_of(item: Sendable) -> str | None:
    head = ByteRange(0, min(item.size_bytes, HEAD_BYTES) - 1)
    return safe_type(b"".join(item.open(head).chunks))


def _peeked(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    first = next(chunks, b"")

    def again() -> Iterator[bytes]:
        yield first
        yield from chunks

    return first, again()


def watched(chunks: Iterator[bytes], still_allowed: Callable[[], object]) -> Iterator[bytes]:
    """Yield chunks; ask for the caller's rights every 5 s, and break off when they are gone."""
    asked_at = time.monotonic()
    for piece in _pieces(chunks):
        if time.monotonic() - asked_at > ASK_AGAIN_SECONDS:
            still_allowed()
            asked_at = time.monotonic()
        yield piece


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        if len(chunk) <= _PIECE_BYTES:
            yield chunk
        else:
            for first in range(0, len(chunk), _PIECE_BYTES):
                yield chunk[first : first + _PIECE_BYTES]


def named(response: Response, name: str, disposition: str) -> Response:
    """Name the download: an ASCII form for old clients, UTF-8 for the others (RFC 6266)."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    value = f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Disposition"] = value
    return response


def lazily(open_chunks: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """Yield chunks that are only opened once the headers are out.

    DVC asks whether an object exists by a GET whose body it never reads (COMPAT 4.1).
    """
    yield b""
    yield from open_chunks()


def gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces worth a packet: of small files and headers there are many.

    What came before an error goes out first, so that who continues is told of it at once.
    """
    waiting: list[bytes] = []
    waiting_bytes = 0
    try:
        for chunk in chunks:
            waiting.append(chunk)
            waiting_bytes += len(chunk)
            if waiting_bytes >= _PIECE_BYTES:
                yield b"".join(waiting)
                waiting, waiting_bytes = [], 0
    except LabsetError:
        yield b"".join(waiting)
        raise
    yield b"".join(waiting)
