"""What a file of a dataset is, as its first bytes show it: told of an asset, and never in its way."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from core.errors import LabsetError
from core.model.json_values import JsonValue
from core.model.storage import ByteRange
from core.ports import AssetPlatform, Platform
from core.usecases.assets.uploading import HEAD_BYTES
from core.usecases.reading.download import FoundFile, open_file


def recognized(
    house: AssetPlatform, platform: Platform, found: FoundFile
) -> Mapping[str, JsonValue]:
    """Return `format`, of pictures `width` and `height`, and of files that are read whole `sha256`.

    At most the first 256 KiB are read. Nothing is told where the site does not give them: the entry
    tells the rest all the same.
    """
    try:
        head = _first_bytes(platform, found)
    except LabsetError:
        return {}
    shown = house.recognize(head)
    told: dict[str, JsonValue] = {"format": shown.media_type}
    if len(head) == found.size_bytes:
        told["sha256"] = sha256(head).hexdigest()
    if shown.width is not None and shown.height is not None:
        told |= {"width": shown.width, "height": shown.height}
    return told


def _first_bytes(platform: Platform, found: FoundFile) -> bytes:
    """Return the head of a file, or all of a small one: then the bytes are verified."""
    if found.text is not None:
        return found.text
    part = ByteRange(0, HEAD_BYTES - 1) if found.size_bytes > HEAD_BYTES else None
    return b"".join(open_file(platform, found, part).chunks)
