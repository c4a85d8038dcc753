"""What a file is, as its first bytes say it, whatever its name claims: its media type and its pixels.

Only markers and headers are looked at: nothing is decoded, unpacked or parsed as XML.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Final

import imagesize
import puremagic

from core.model.assets import FileFormat

LOOKED_AT_BYTES: Final = 256 * 1024
UNKNOWN: Final = "application/octet-stream"

_KNOWN: Final = (  # what puremagic does not know, or knows by another name
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"ARROW1", "application/vnd.apache.arrow.file"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (b"\x93NUMPY", "application/x-npy"),
    (b"GGUF", "application/x-gguf"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x7fELF", "application/x-elf"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II+\x00", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_MARKUP: Final = (
    (b"<svg", "image/svg+xml"),
    (b"<!doctype svg", "image/svg+xml"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<?xml", "application/xml"),
)
_WITH_PIXELS: Final = frozenset(  # pictures whose headers tell them; SVG has none of its own
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/bmp",
        "image/tiff",
        "image/webp",
        "image/avif",
        "image/heic",
        "image/jp2",
    }
)
_LARGEST_SIDE: Final = 2**31 - 1
_SHORTEST_MARK_BYTES: Final = 4  # shorter ones are in any noise
_BITMAP_HEADER_BYTES: Final = 26
_CONTROLS: Final = bytes(sorted({*range(0x20), 0x7F} - set(b"\t\n\r\x0c\x1b")))
_LONGEST_CUT_BYTES: Final = 3  # what the end of a head may lack of a character


def recognize(head: bytes) -> FileFormat:
    """Return what a file is that begins with `head`; `application/octet-stream`, where nobody knows.

    Shape:   at most 256 KiB are looked at. Raises nothing.
    """
    head = head[:LOOKED_AT_BYTES]
    media_type = _find_known(head) or _find_text(head) or _find_by_marks(head) or UNKNOWN
    width, height = _find_pixels(head) if media_type in _WITH_PIXELS else (None, None)
    return FileFormat(media_type, width, height)


def _find_known(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    for mark, media_type in _KNOWN:
        if head.startswith(mark):
            is_bitmap = mark != b"BM" or _is_bitmap(head)
            return media_type if is_bitmap else None
    return None


def _is_bitmap(head: bytes) -> bool:
    """Whether what begins with BM, as many a word does, has a header of bitmaps."""
    header_bytes = int.from_bytes(head[14:18], "little")
    return len(head) >= _BITMAP_HEADER_BYTES and header_bytes in {12, 40, 52, 56, 64, 108, 124}


def _find_text(head: bytes) -> str | None:
    if not head or not _is_text(head):
        return None
    beginning = head[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, media_type in _MARKUP:
        if beginning.startswith(mark):
            is_drawing = media_type == "application/xml" and b"<svg" in beginning
            return "image/svg+xml" if is_drawing else media_type
    return "text/plain"


def _is_text(head: bytes) -> bool:
    """Whether these are characters of UTF-8 and no controls; the last one may be cut."""
    if len(head.translate(None, _CONTROLS)) != len(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as problem:
        return problem.reason == "unexpected end of data" and (
            len(head) - problem.start <= _LONGEST_CUT_BYTES
        )
    return True


def _find_by_marks(head: bytes) -> str | None:
    """Ask the table of thousands of marks; those at a file's end say nothing of its beginning."""
    try:
        found: Iterable[puremagic.PureMagicWithConfidence] = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    for match in found:
        is_sure = match.offset >= 0 and len(match.byte_match) >= _SHORTEST_MARK_BYTES
        if is_sure and match.mime_type:
            return str(match.mime_type)
    return None


def _find_pixels(head: bytes) -> tuple[int, int] | tuple[None, None]:
    # Without rotation: looking for it, a few bytes could send the library around for minutes.
    width, height = imagesize.get(BytesIO(head), exif_rotation=False)
    is_told = all(0 < side <= _LARGEST_SIDE for side in (width, height))
    return (int(width), int(height)) if is_told else (None, None)
