"""The plain files of a tar stream as it comes in.

Python's own reader keeps every header that it saw, reads extended headers of any size into memory and
follows maps of sparse files: a stream of 128 MiB could take more than a gigabyte. Here nothing grows.

Source:  POSIX.1-2017 pax, "ustar" and "pax Interchange Format"; GNU tar's long names.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Protocol

from core.errors import Invalid, TooLarge

MAX_EXTENDED_BYTES = 64 * 1024
_BLOCK_BYTES = tarfile.BLOCKSIZE
_PADDING_BYTES = 1024 * 1024
_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_EXTENDED = frozenset(
    {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}
)


class Readable(Protocol):
    """Where the stream comes from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


def read_members(body: Readable, *, largest_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of each file, whose bytes are at most `largest_bytes`.

    Raises:  Invalid, for what is no tar stream, is cut off (`body_cut_off`) or holds something else
             than plain files; TooLarge.
    """
    began = False
    extended: dict[str, str] = {}
    while (header := _next_header(body, began=began)) is not None:
        began = True
        if header.type in _EXTENDED:
            extended |= _read_extended(body, header)
            continue
        name = extended.get("path", header.name)
        size_bytes = _number(extended["size"]) if "size" in extended else header.size
        if header.type not in _FILES or any(key.startswith("GNU.sparse") for key in extended):
            raise Invalid(f"{name[:200]!r} is no plain file: a batch holds nothing else.")
        if size_bytes > largest_bytes:
            raise TooLarge(f"{name[:200]!r} has over {largest_bytes:,} bytes: send it by itself.")
        extended = {}
        yield name, _read_padded(body, size_bytes)
    if not began:
        raise _no_tar()
    _read_at_most(body, _PADDING_BYTES)


def _next_header(body: Readable, *, began: bool) -> tarfile.TarInfo | None:
    block = _read_at_most(body, _BLOCK_BYTES)
    if (not block and began) or (len(block) == _BLOCK_BYTES and not any(block)):
        return None
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.TarError, ValueError) as problem:
        raise _no_tar() from problem


def _read_extended(body: Readable, header: tarfile.TarInfo) -> dict[str, str]:
    """Return what an extended header says of the file that follows."""
    if header.size > MAX_EXTENDED_BYTES:
        raise TooLarge(f"A header of the tar stream has over {MAX_EXTENDED_BYTES:,} bytes.")
    data = _read_padded(body, header.size)
    try:
        if header.type == tarfile.GNUTYPE_LONGNAME:
            return {"path": data.rstrip(b"\0").decode("utf-8", "strict")}
        return dict(_records(data)) if header.type == tarfile.XHDTYPE else {}
    except ValueError as problem:
        raise _no_tar() from problem


def _records(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield key and value of each line `<length> <key>=<value>`. Raises ValueError."""
    start = 0
    while start < len(data):
        digits = data[start : start + 8].partition(b" ")[0]
        end = start + _number(digits.decode("ascii"))
        key, equals, value = data[start + len(digits) + 1 : end - 1].partition(b"=")
        if data[end - 1 : end] != b"\n" or not equals:
            raise ValueError("a record that is none")
        start = end
        yield key.decode("utf-8", "strict"), value.decode("utf-8", "strict")


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):  # noqa: PLR2004 - 64 bits
        raise _no_tar()
    return int(digits)


def _read_padded(body: Readable, size_bytes: int) -> bytes:
    """Read a member's bytes and the rest of its last block."""
    if size_bytes < 0:
        raise _no_tar()
    data = _read_at_most(body, size_bytes)
    padding_bytes = -size_bytes % _BLOCK_BYTES
    if len(data) < size_bytes or len(_read_at_most(body, padding_bytes)) < padding_bytes:
        raise Invalid("The tar stream stopped before its end: send it again.", code="body_cut_off")
    return data


def _read_at_most(body: Readable, size_bytes: int) -> bytes:
    parts: list[bytes] = []
    while size_bytes and (part := body.read(size_bytes)):
        parts.append(part)
        size_bytes -= len(part)
    return b"".join(parts)


def _no_tar() -> Invalid:
    return Invalid("The body is no whole tar stream.", code="body_cut_off")
