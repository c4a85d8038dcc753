"""Decide what has to be sent, and in how many commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from labset.upload.sources import LocalFile

MAX_FILES = 20_000  # of one session, as the server has it (docs/limits.md)
MAX_TEXT_BYTES = 60 * 1024 * 1024  # of small texts in one commit
MAX_ANNOUNCED_BYTES = 12 * 1024 * 1024  # of JSON
SMALL_BYTES = 1024 * 1024  # below: in a batch
_BATCH_FILES = 1_000
_TEXT_FILE_BYTES = 100_000
_TEXT_SUFFIXES = (".md", ".txt", ".yaml", ".yml", ".json", ".xml", ".toml")
_ROW_BYTES = 100  # of JSON beside the path


class Hashed(NamedTuple):
    """A local file with its md5."""

    file: LocalFile
    md5: str

    @property
    def may_be_text(self) -> bool:
        """Whether its bytes may lie in git itself; then each path needs its own."""
        return self.file.size <= _TEXT_FILE_BYTES and self.file.path.lower().endswith(
            _TEXT_SUFFIXES
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is new, what has changed, and what is the same at the branch's tip."""

    new: Sequence[Hashed]
    changed: Sequence[Hashed]
    same: Sequence[Hashed]

    @property
    def sentence(self) -> str:
        """Say it as people read it."""
        return f"{len(self.new):,} new, {len(self.changed):,} changed, {len(self.same):,} identical"


def compare(files: Iterable[Hashed], standing: Mapping[str, str]) -> Plan:
    """Return what differs from `standing`, the md5 of each path that the branch holds."""
    new: list[Hashed] = []
    changed: list[Hashed] = []
    same: list[Hashed] = []
    for one in files:
        there = standing.get(one.file.path)
        if there is None:
            new.append(one)
        elif there != one.md5:
            changed.append(one)
        else:
            same.append(one)
    return Plan(new, changed, same)


def split(files: Sequence[Hashed]) -> list[list[Hashed]]:
    """Return the files in as few groups as the server takes, one commit each."""
    groups: list[list[Hashed]] = []
    texts = announced = 0
    for one in files:
        text = one.file.size if one.may_be_text else 0
        row = _ROW_BYTES + len(json.dumps(one.file.path))
        full = groups and (
            len(groups[-1]) >= MAX_FILES
            or texts + text > MAX_TEXT_BYTES
            or announced + row > MAX_ANNOUNCED_BYTES
        )
        if full or not groups:
            groups.append([])
            texts = announced = 0
        groups[-1].append(one)
        texts += text
        announced += row
    return groups


def fingerprint(words: Sequence[str], group: Sequence[Hashed]) -> str:
    """Return a name for this very upload, under which another process finds its session."""
    digest = hashlib.sha256(json.dumps(words).encode())
    for one in group:
        digest.update(f"\0{one.file.path}\0{one.file.size}\0{one.md5}".encode())
    return digest.hexdigest()[:40]


def without_twins(files: Sequence[Hashed]) -> list[Hashed]:
    """Return files whose bytes are all the bytes: of equal ones on the site, the first."""
    seen: set[str] = set()
    kept: list[Hashed] = []
    for one in files:
        if one.may_be_text or one.md5 not in seen:
            kept.append(one)
        if not one.may_be_text:
            seen.add(one.md5)
    return kept


def batches(files: Sequence[Hashed], *, at_least: int, batch_bytes: int) -> Iterator[list[Hashed]]:
    """Yield small files in batches of up to `batch_bytes`; smaller ones, so that there are `at_least`.

    A batch has at most 1,000 files.
    """
    total = sum(one.file.size + _ROW_BYTES for one in files)
    wanted = min(batch_bytes, max(1, total // at_least + 1))
    group: list[Hashed] = []
    size = 0
    for one in files:
        group.append(one)
        size += one.file.size + _ROW_BYTES
        if size >= wanted or len(group) == _BATCH_FILES:
            yield group
            group, size = [], 0
    if group:
        yield group
