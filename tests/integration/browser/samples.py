"""What the tests of the pages ask for and choose."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import FilePayload, Page

Visit = Callable[..., Page]
Push = Callable[..., dict[str, str]]
PRIVATE = {"visibility": "private"}


def named() -> str:
    """Return a name that no other test uses."""
    return f"Seam {secrets.token_hex(4)}"


def file(name: str, data: bytes) -> FilePayload:
    """Return a file to choose."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def picture() -> bytes:
    """Return a PNG of 48 × 32 pixels, unlike any other."""
    held = io.BytesIO()
    colour = (secrets.randbelow(256), secrets.randbelow(256), secrets.randbelow(256))
    Image.new("RGB", (48, 32), colour).save(held, "PNG")
    return held.getvalue()
