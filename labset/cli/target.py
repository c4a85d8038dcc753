"""`ID[@REF][:PATH]`, as people type it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labset.errors import Misused

# A ref holds no colon (git forbids it), so that the first one begins the path.
_SHAPE = re.compile(r"(?P<id>[1-9]\d*)(?:@(?P<ref>[^:]+))?(?::(?P<path>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """A dataset, perhaps a version, perhaps a path in it; "" is its top folder."""

    dataset_id: int
    ref: str | None
    path: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read it. Raises Misused, with an example."""
        found = _SHAPE.fullmatch(text.strip())
        if found is None:
            raise Misused(
                f"{text!r} names no dataset. It is a number, perhaps with a version and a path: "
                "4473, 4473@v0.1.0, 4473@v0.1.0:dataset/VITVI. `labset datasets` lists the numbers."
            )
        return cls(int(found["id"]), found["ref"], (found["path"] or "").strip("/"))
