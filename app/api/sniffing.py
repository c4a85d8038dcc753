"""What bytes are, as the bytes say it: only safe kinds may be shown in a browser."""

from __future__ import annotations

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_ISO_BRANDS = {b"avif": "image/avif", b"avis": "image/avif"}
HEAD_BYTES = 4096
_CONTROLS = frozenset((*range(0x20), 0x7F)) - frozenset(b"\t\n\r\x0c\x1b")


def safe_type(head: bytes) -> str | None:
    """Return the media type of a safe raster image, video, audio or plain text, or None.

    Shape:   the first bytes of a file, at most `HEAD_BYTES` are looked at.
    Source:  the formats' magic numbers; never the file's name, never SVG or HTML as such.
    """
    head = head[:HEAD_BYTES]
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12], "video/mp4")
    return "text/plain; charset=utf-8" if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    if any(byte in _CONTROLS for byte in head):
        return False
    for cut in range(min(4, len(head) + 1)):
        try:
            head[: len(head) - cut].decode()
        except UnicodeDecodeError:
            continue
        return True
    return False
