"""Large blobs in base64 cost the server much: GitLab gives out five of a project in a minute."""

from __future__ import annotations

import time
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from devstack.gitlab.errors import Refusal

if TYPE_CHECKING:
    import pygit2

LARGE_BYTES = 10 * 1024 * 1024
MOST = 5
WINDOW_SECONDS = 60.0
_given: dict[int, deque[float]] = {}
_guard = Lock()


def spare_large(blob: pygit2.Blob, project_id: int, other: str) -> None:
    """Count a blob above 10 MiB; `other` is the address below `repository/` that has no limit.

    Raises: Refusal 429, if five of the project were asked for within a minute (counted by each server process).
    """
    if blob.size <= LARGE_BYTES:
        return
    moment = time.monotonic()
    with _guard:
        recent = _given.setdefault(project_id, deque())
        while recent and recent[0] <= moment - WINDOW_SECONDS:
            recent.popleft()
        if len(recent) < MOST:
            recent.append(moment)
            return
    text = (
        f"The requested blob is over the threshold size of {LARGE_BYTES}.\n"
        f"Access this blob using '/projects/:id/repository/{other}' to avoid this error.\n"
    )
    raise Refusal(429, {"message": {"error": text}}, Retry_After=str(int(WINDOW_SECONDS)))
