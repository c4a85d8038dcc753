"""Where something lies: `<id>[@ref]/path`, as file systems write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from labset.errors import NotFound

_PLACE = re.compile(
    r"(?P<root>(?P<id>[0-9]{1,18})(?:@(?P<ref>[^/]+))?)(?:/(?P<path>.*))?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder of a dataset; `path` is empty for the dataset itself.

    `root` is the first part as it was written. A ref stands there percent-encoded, so that a branch
    `line/2` is written `4473@line%2F2`; `ref` is decoded, None means the default branch.
    """

    root: str
    dataset_id: int
    ref: str | None
    path: str

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read `4473@v0.1.0/dir/a.csv`.

        Raises:  NotFound, for what cannot be a place in a dataset.
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise NotFound(
                f"{text!r} names no dataset; a path looks like 4473@v0.1.0/dir/file.csv."
            )
        ref = found["ref"]
        return cls(
            found["root"],
            int(found["id"]),
            unquote(ref) if ref else None,
            (found["path"] or "").strip("/"),
        )

    def at(self, path: str) -> str:
        """Return another path of the same dataset and ref as text."""
        return f"{self.root}/{path}" if path else self.root

    @property
    def folder(self) -> str:
        """The folder that it lies in; empty for the dataset's top."""
        return self.path.rpartition("/")[0]


def place_text(dataset_id: int, path: str, ref: str | None = None) -> str:
    """Return `<id>[@ref]/path` for a ref that is written plainly."""
    at = f"@{quote(ref, safe='')}" if ref else ""
    return f"{dataset_id}{at}/{path.strip('/')}".rstrip("/")
