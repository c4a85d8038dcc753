"""A file on its way, beside its goal: `<goal>.part`, and what it is a part of in `<goal>.part.json`."""

from __future__ import annotations

import json
from pathlib import Path


class PartBeside:
    """The unfinished file, which another process may go on with, and the mark of what it belongs to."""

    def __init__(self, goal: Path) -> None:
        self.goal = goal
        self.path = goal.with_name(goal.name + ".part")
        self._note = goal.with_name(goal.name + ".part.json")

    def held_bytes(self) -> int:
        """Return how much is there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def mark(self) -> str:
        """Return what the part belongs to; empty if it cannot be continued."""
        try:
            return str(json.loads(self._note.read_text(encoding="utf-8"))["etag"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return ""  # nothing, or cut off while it was written: begin anew

    def remember(self, mark: str) -> None:
        """Note what the part belongs to; nothing, for what cannot be continued."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if mark:
            self._note.write_text(json.dumps({"etag": mark}), encoding="utf-8")
        else:
            self._note.unlink(missing_ok=True)

    def finish(self) -> int:
        """Give the whole its name; return its size in bytes."""
        size = self.held_bytes()
        self.path.replace(self.goal)
        self._note.unlink(missing_ok=True)
        return size

    def forget(self) -> None:
        """Delete what arrived."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
