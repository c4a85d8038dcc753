"""Say of every file of a revision what names its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from core.model.content import Broken, Entry, Pointer, Text
from core.model.names import FilePath, Md5
from core.ports import Platform
from core.usecases.reading.contents import Contents

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One file: what names its bytes, their number, and where they lie.

    `sha256` is None where nobody has read the bytes through Labset yet. A pointer that cannot be
    read has a `problem` and nothing else.
    """

    path: FilePath
    md5: Md5 | None
    sha256: str | None
    size_bytes: int | None
    stored: Literal["git", "site"] | None
    problem: str | None = None


def manifest_rows(
    platform: Platform, contents: Contents, *, with_sha256: bool = True
) -> Iterator[ManifestRow]:
    """Yield a row for each file, by path; bounded memory."""
    coming = iter(contents.files)
    while some := list(islice(coming, _AT_ONCE)):
        yield from _rows(platform, contents, some, with_sha256=with_sha256)


def _rows(
    platform: Platform, contents: Contents, entries: Sequence[Entry], *, with_sha256: bool
) -> Iterator[ManifestRow]:
    dataset_id = contents.dataset.id
    wanted = [
        entry.content.md5 for entry in entries if with_sha256 and isinstance(entry.content, Pointer)
    ]
    known = platform.facts.find_sha256s(dataset_id, wanted) if wanted else {}
    for entry in entries:
        content = entry.content
        if isinstance(content, Pointer):
            sha256 = known.get(content.md5)
            yield ManifestRow(entry.path, content.md5, sha256, content.size_bytes, "site")
        elif isinstance(content, Text):
            data = platform.history.read_text(dataset_id, content)
            md5 = Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())
            sha256 = hashlib.sha256(data).hexdigest()
            yield ManifestRow(entry.path, md5, sha256, len(data), "git")
        else:
            problem = content.problem if isinstance(content, Broken) else "it cannot be read"
            yield ManifestRow(entry.path, None, None, None, None, problem)
