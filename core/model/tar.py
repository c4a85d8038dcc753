"""The tar format, as far as a stream of plain files needs it: every length is known before a byte is.

Source:  POSIX.1-2001 (pax): ustar headers, and an extended header where a name or size does not fit.
"""

from __future__ import annotations

from typing import Final

RECORD_BYTES: Final = 512
END: Final = bytes(2 * RECORD_BYTES)

_NAME_BYTES: Final = 100
_OCTAL_SIZE_LIMIT: Final = 8**11
_FILE, _EXTENDED = b"0", b"x"
_EXTENDED_NAME: Final = b"PaxHeaders/entry"
_MODE_AND_OWNER: Final = b"0000644\x000000000\x000000000\x00"
_MAGIC_TO_END: Final = b"ustar\x0000" + bytes(247)
_CHECKSUM_BLANK: Final = b" " * 8


def header(name: str, size_bytes: int, modified_at: int) -> bytes:
    """Return what stands before the bytes of a file; `modified_at` in seconds since 1970."""
    extended = _extended(name, size_bytes)
    raw = name.encode()
    shown = raw if _fits(raw) else b"entry"
    told_bytes = size_bytes if size_bytes < _OCTAL_SIZE_LIMIT else 0
    plain = _ustar(shown, told_bytes, modified_at, _FILE)
    if not extended:
        return plain
    return (
        _ustar(_EXTENDED_NAME, len(extended), modified_at, _EXTENDED)
        + extended
        + bytes(-len(extended) % RECORD_BYTES)
        + plain
    )


def header_bytes(name: str, size_bytes: int) -> int:
    """Return the length of a file's header."""
    extended = _extended(name, size_bytes)
    if not extended:
        return RECORD_BYTES
    return 2 * RECORD_BYTES + len(extended) + -len(extended) % RECORD_BYTES


def _fits(raw_name: bytes) -> bool:
    return len(raw_name) <= _NAME_BYTES and raw_name.isascii()


def _extended(name: str, size_bytes: int) -> bytes:
    raw = name.encode()
    path = b"" if _fits(raw) else _pax_record(b"path", raw)
    if size_bytes < _OCTAL_SIZE_LIMIT:
        return path
    return path + _pax_record(b"size", b"%d" % size_bytes)


def _pax_record(key: bytes, value: bytes) -> bytes:
    """Return the line `<length> <key>=<value>`, whose length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _ustar(raw_name: bytes, size_bytes: int, modified_at: int, kind: bytes) -> bytes:
    head = raw_name.ljust(_NAME_BYTES, b"\0") + _MODE_AND_OWNER
    head += b"%011o\0%011o\0" % (size_bytes, modified_at)
    tail = kind + bytes(_NAME_BYTES) + _MAGIC_TO_END
    checksum = sum(head) + sum(_CHECKSUM_BLANK) + sum(tail)
    return b"%b%06o\0 %b" % (head, checksum, tail)
