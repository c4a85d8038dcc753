"""Two revisions compared, as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from app.api.shapes import Json
from core.usecases.reading.compare import Difference, FileState


def difference(value: Difference) -> Json:
    """Dress everything that differs; `from` is null where there was nothing before."""
    return {
        "from": value.old.sha if value.old else None,
        "to": value.new.sha,
        "added": [_file(one) for one in value.added],
        "removed": [_file(one) for one in value.removed],
        "changed": [
            {"path": new.path.text, "old": _state(old), "new": _state(new)}
            for old, new in value.changed
        ],
        "renamed": [
            {"from": old.path.text, "to": new.path.text, **_state(new)}
            for old, new in value.renamed
        ],
        "totals": {
            "added": len(value.added),
            "removed": len(value.removed),
            "changed": len(value.changed),
            "renamed": len(value.renamed),
            "bytes_added": _bytes([*value.added, *(new for _, new in value.changed)]),
            "bytes_removed": _bytes([*value.removed, *(old for old, _ in value.changed)]),
        },
    }


def _file(state: FileState) -> Json:
    return {"path": state.path.text, **_state(state)}


def _state(state: FileState) -> Json:
    dressed: Json = {
        "size": state.size_bytes,
        "md5": str(state.md5) if state.md5 else None,
        "stored": state.stored,
    }
    return dressed | ({"files": state.files} if state.files is not None else {})


def _bytes(states: Iterable[FileState]) -> int:
    return sum(state.size_bytes or 0 for state in states)
