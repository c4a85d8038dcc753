"""What the file page shows of the bytes: a picture, a video, the text; or why nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.api.sniffing import safe_type
from app.caller import actor, platform
from core.errors import Conflict, Damaged, Forbidden, LabsetError, Unavailable
from core.model.names import Ref
from core.usecases.reading.browse import FileFacts
from core.usecases.reading.download import FoundFile, check_there, find_file, open_file

MAX_TEXT_BYTES = 200_000
_PICTURES = frozenset({"png", "jpg", "jpeg", "gif", "webp", "bmp", "avif"})
_VIDEOS = frozenset({"mp4", "webm", "m4v", "mov"})
_SOUNDS = frozenset({"wav", "mp3", "ogg"})

PreviewKind = Literal["picture", "video", "sound", "text", "none"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be shown. `problem` says why the bytes cannot be had at all."""

    kind: PreviewKind
    text: str = ""
    problem: LabsetError | None = None


def preview_of(facts: FileFacts) -> Preview:
    """Look whether the bytes are there for the caller, and read them where they are a small text."""
    row = facts.row
    if row.problem:
        return Preview("none", problem=Conflict(f"This pointer cannot be read: {row.problem}."))
    try:
        pinned = Ref(facts.revision.sha)
        found = find_file(platform(), actor(), facts.dataset.id, pinned, row.path)
        check_there(platform(), found)
        return _shown(found)
    except (Conflict, Damaged, Forbidden, Unavailable) as problem:
        return Preview("none", problem=problem)


def _shown(found: FoundFile) -> Preview:
    suffix = found.path.suffix
    if suffix in _PICTURES:
        return Preview("picture")
    if suffix in _VIDEOS:
        return Preview("video")
    if suffix in _SOUNDS:
        return Preview("sound")
    if found.size_bytes > MAX_TEXT_BYTES:
        return Preview("none")
    data = b"".join(open_file(platform(), found).chunks)
    if not (safe_type(data) or "").startswith("text/"):
        return Preview("none")
    return Preview("text", data.decode(errors="replace"))
