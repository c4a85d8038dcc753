"""A dataset as clients of the Hugging Face Hub look at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Repository:
    """A dataset with two commits: `old` has the tag `v1`, `new` is the tip of `main`."""

    id: int
    name: str
    old: str
    new: str
    files: dict[str, bytes]
